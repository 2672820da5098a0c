// Counts on several goroutines for as long as it is let, and writes the sum every now and then: nothing that a debugger
// does to it may change what it counts. Ends when its standard input does, and says whether all was well.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

type worker struct {
	id     int
	rounds atomic.Int64
	sum    uint64
}

//go:noinline
func mix(sum uint64, value uint64) uint64 {
	sum ^= value
	sum *= 0x100000001b3
	return sum
}

//go:noinline
func allocate(n int) []*int {
	made := make([]*int, 0, n)
	for i := 0; i < n; i++ {
		value := i
		made = append(made, &value)
	}
	return made
}

func (w *worker) round(n uint64) {
	w.sum = mix(w.sum, n)
	total := 0
	for _, value := range allocate(20) {
		total += *value
	}
	if total != 190 {
		fmt.Println("wrong total", total)
		os.Exit(3)
	}
}

// expected computes the same without anything that could be disturbed.
func expected(rounds int64) uint64 {
	sum := uint64(0xcbf29ce484222325)
	for n := int64(0); n < rounds; n++ {
		sum = (sum ^ uint64(n)) * 0x100000001b3
	}
	return sum
}

func (w *worker) run(stop *atomic.Bool, done *sync.WaitGroup) {
	defer done.Done()
	if w.id == 0 {
		runtime.LockOSThread()
	}
	for n := uint64(0); !stop.Load(); n++ {
		w.round(n)
		w.rounds.Add(1)
		if n%64 == 0 {
			time.Sleep(time.Microsecond)
		}
	}
}

func main() {
	var stop atomic.Bool
	var done sync.WaitGroup
	workers := make([]*worker, 4)
	for i := range workers {
		workers[i] = &worker{id: i, sum: 0xcbf29ce484222325}
		done.Add(1)
		go workers[i].run(&stop, &done)
	}
	go func() {
		for {
			time.Sleep(20 * time.Millisecond)
			total := int64(0)
			for _, w := range workers {
				total += w.rounds.Load()
			}
			fmt.Println("rounds", total)
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop.Store(true)
	done.Wait()
	for _, w := range workers {
		if w.sum != expected(w.rounds.Load()) {
			fmt.Println("wrong sum of worker", w.id)
			os.Exit(4)
		}
	}
	fmt.Println("all is well")
}
