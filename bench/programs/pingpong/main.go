// Two goroutines hand a number to and fro on one P. Each line of input is an order, each line of output the answer:
// "run N" makes N exchanges and says how many nanoseconds of CPU each took; "trace on" and "trace off" switch Go's own
// tracer.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"strconv"
	"strings"
	"syscall"
)

type counter struct{ bytes int }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	runtime.GOMAXPROCS(1)
	ask, answer := make(chan int), make(chan int)
	go func() {
		for n := range ask {
			answer <- n + 1
		}
	}()
	fmt.Println("ready", os.Getpid())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "trace on":
			if err := trace.Start(&counter{}); err != nil {
				panic(err)
			}
			fmt.Println("on")
		case line == "trace off":
			trace.Stop()
			fmt.Println("off")
		default:
			count, err := strconv.Atoi(strings.TrimPrefix(line, "run "))
			if err != nil {
				panic(err)
			}
			before := cpu()
			for i := 0; i < count; i++ {
				ask <- i
				if <-answer != i+1 {
					panic("wrong answer")
				}
			}
			fmt.Printf("%.2f\n", float64(cpu()-before)/float64(count))
		}
	}
}
