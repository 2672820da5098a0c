// Sees from inside when it is stopped. `stops THREADS` keeps so many threads alive, one goroutine each, and has one
// goroutine look at the clock all the time. Each line of input is an order: "gap" answers with the longest time
// between two looks since the last order, and how much of it the thread spent waiting for a CPU, in nanoseconds.
//
// To be run with GODEBUG=asyncpreemptoff=1: what looks at the clock has no other points of preemption, so that Go's
// scheduler never takes its thread away, which would look like a stop.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const clockMonotonic = 1

// One after the other by a single writer, read while it writes: gap and queued may be of two different gaps.
var (
	gap    atomic.Int64
	queued atomic.Int64
)

//go:nosplit
func now() int64 {
	var spec syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&spec)), 0)
	return spec.Sec*1_000_000_000 + spec.Nsec
}

// The second number of schedstat is how long the thread waited for a CPU (Documentation/scheduler/sched-stats.rst of
// Linux).
//
//go:nosplit
func waited(file uintptr, buffer *[128]byte) (number int64) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PREAD64, file, uintptr(unsafe.Pointer(buffer)), uintptr(len(buffer)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	fields := 0
	for i := uintptr(0); i < n && i < uintptr(len(buffer)); i++ {
		if digit := buffer[i]; digit == ' ' {
			fields++
		} else if fields == 1 {
			number = number*10 + int64(digit-'0')
		}
	}
	return number
}

//go:nosplit
func watch(file uintptr, buffer *[128]byte) {
	before, last := waited(file, buffer), now()
	for {
		// Waiting is read on both sides of the clock: whatever lies between two looks at the clock is in it.
		next, looked := waited(file, buffer), now()
		between, waiting := looked-last, waited(file, buffer)-before
		if between-waiting > gap.Load()-queued.Load() {
			gap.Store(between)
			queued.Store(waiting)
		}
		before, last = next, looked
	}
}

func spin() {
	runtime.LockOSThread()
	file, err := syscall.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", syscall.Gettid()), syscall.O_RDONLY, 0)
	if err != nil {
		panic(err)
	}
	watch(uintptr(file), new([128]byte))
}

func main() {
	// A collection would wait for `watch` forever.
	debug.SetGCPercent(-1)
	threads, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	var begun sync.WaitGroup
	for i := 0; i < threads; i++ {
		begun.Add(1)
		go func() {
			runtime.LockOSThread()
			begun.Done()
			for {
				time.Sleep(50 * time.Millisecond)
			}
		}()
	}
	begun.Wait()
	go spin()
	fmt.Println("ready", os.Getpid())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(gap.Load(), queued.Load())
		gap.Store(0)
		queued.Store(0)
	}
}
