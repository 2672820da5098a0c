// Has many threads and goroutines that wait, and one thread that looks at the clock all the time: it tells of every gap,
// which is how long the process was stopped.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Longer than what scheduling takes away from a thread on a quiet machine.
const gap = 20 * time.Millisecond

func main() {
	threads, _ := strconv.Atoi(os.Args[1])
	goroutines, _ := strconv.Atoi(os.Args[2])
	debug.SetMaxThreads(threads + 1000)
	var ready sync.WaitGroup
	for i := 0; i < threads; i++ {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			var ends [2]int
			if err := syscall.Pipe(ends[:]); err != nil {
				panic(err)
			}
			ready.Done()
			var b [1]byte
			for {
				syscall.Read(ends[0], b[:])
			}
		}()
	}
	never := make(chan int)
	for i := 0; i < goroutines; i++ {
		ready.Add(1)
		go func() {
			ready.Done()
			<-never
		}()
	}
	ready.Wait()
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	last := time.Now()
	for {
		now := time.Now()
		if d := now.Sub(last); d > gap {
			fmt.Printf("stopped for %d µs\n", d.Microseconds())
			now = time.Now()
		}
		last = now
	}
}
