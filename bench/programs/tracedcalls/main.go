// Calls a function as often as it is told: each line of input is a number of calls, the answer how many nanoseconds of CPU
// and of time each took, what a tracer does at each of them included.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

type order struct {
	id    int
	total float64
}

//go:noinline
func serve(o *order, name string, amount float64, retry bool) (int, error) {
	o.total += amount
	if retry {
		return o.id, os.ErrExist
	}
	return o.id + len(name), nil
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
	fmt.Println("ready", os.Getpid())
	o := &order{id: 1}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		count, err := strconv.Atoi(lines.Text())
		if err != nil {
			panic(err)
		}
		began, before := time.Now(), cpu()
		for i := 0; i < count; i++ {
			if id, err := serve(o, "order", 1.5, false); id != 6 || err != nil {
				panic("wrong answer")
			}
		}
		used, took := cpu()-before, time.Since(began)
		fmt.Printf("%.2f %.2f\n", float64(used)/float64(count), float64(took)/float64(count))
	}
}
