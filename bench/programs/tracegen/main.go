// Writes an execution trace of a program that does a bit of everything: channels, mutexes, short goroutines, sleeps,
// system calls, allocation. The number of rounds says how long it is: about 21 events a round.
package main

import (
	"os"
	"runtime/trace"
	"strconv"
	"sync"
	"time"
)

const workers = 16

var (
	lock sync.Mutex
	sink [workers][]byte
)

func worker(id, rounds int, file *os.File) {
	ask, answer := make(chan int), make(chan int)
	go func() {
		for n := range ask {
			answer <- n + 1
		}
		close(answer)
	}()
	buffer := make([]byte, 1)
	for i := 0; i < rounds; i++ {
		for j := 0; j < 2; j++ {
			ask <- i
			<-answer
		}
		lock.Lock()
		sink[id] = make([]byte, 1024)
		lock.Unlock()
		if i%4 == 0 {
			var group sync.WaitGroup
			group.Add(1)
			go group.Done()
			group.Wait()
		}
		if i%16 == 0 {
			time.Sleep(10 * time.Microsecond)
		}
		file.Read(buffer)
	}
	close(ask)
	<-answer
}

func main() {
	rounds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	out, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	zeros, err := os.Open("/dev/zero")
	if err != nil {
		panic(err)
	}
	if err := trace.Start(out); err != nil {
		panic(err)
	}
	var all sync.WaitGroup
	for id := 0; id < workers; id++ {
		all.Add(1)
		go func(id int) {
			defer all.Done()
			worker(id, rounds/workers, zeros)
		}(id)
	}
	all.Wait()
	trace.Stop()
	if err := out.Close(); err != nil {
		panic(err)
	}
}
