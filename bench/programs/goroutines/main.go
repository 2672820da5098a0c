// goroutines N: parks N goroutines, as a busy server has them: most on channels, others in select, on a mutex, in
// sleep; started from a handful of places and some frames deep. It prints `ready` and waits for SIGABRT, which
// then kills it at once: Go's own handler would print all their stacks first.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type request struct {
	id   int
	path string
}

var (
	requests = make(chan request)
	stop     = make(chan struct{})
	lock     sync.Mutex
	group    sync.WaitGroup
)

func receive(id int)          { handle(<-requests, id) }
func handle(r request, n int) { fmt.Println(r.path, n) }
func serve(id int) {
	defer group.Done()
	receive(id)
}
func watch(id int, ticks chan int) {
	select {
	case n := <-ticks:
		fmt.Println(id, n)
	case <-stop:
	}
}
func guarded(id int) {
	lock.Lock()
	defer lock.Unlock()
	fmt.Println(id)
}
func doze(d time.Duration)     { time.Sleep(d) }
func send(c chan<- int, n int) { c <- n }
func deep(id, depth int) {
	if depth > 0 {
		deep(id, depth-1)
		return
	}
	receive(id)
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	lock.Lock()
	for i := 0; i < count; i++ {
		switch i % 10 {
		case 0:
			go watch(i, make(chan int))
		case 1:
			go send(make(chan int), i)
		case 2:
			// A mutex makes a queue of its waiters: a few thousand do.
			if i < 20000 {
				go guarded(i)
			} else {
				go deep(i, 3)
			}
		case 3:
			go doze(time.Hour + time.Duration(i))
		case 4:
			go deep(i, 6)
		default:
			group.Add(1)
			go serve(i)
		}
	}
	for runtime.NumGoroutine() < count {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(time.Duration(count/1000+50) * time.Millisecond)
	var byDefault [4]uint64
	syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(syscall.SIGABRT), uintptr(unsafe.Pointer(&byDefault)), 0, 8, 0, 0)
	fmt.Println("ready")
	group.Wait()
}
