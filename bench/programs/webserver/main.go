// `webserver` serves HTTP on a free port of the loopback interface; each line of input is an order, each line of output
// the answer: "cpu" says the nanoseconds of CPU taken so far, "trace on" and "trace off" switch Go's own tracer.
// `webserver load ADDRESS CONNECTIONS REQUESTS SECONDS` sends requests to it, no more and no longer than that, and says how
// many it made and in how many nanoseconds.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/trace"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type counter struct{ bytes int }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	return len(p), nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func cpu() int64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func load(address string, connections, requests, seconds int) {
	client := &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: connections},
		Timeout:   30 * time.Second,
	}
	var begun, done atomic.Int64
	start := time.Now()
	end := start.Add(time.Duration(seconds) * time.Second)
	var all sync.WaitGroup
	for i := 0; i < connections; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for begun.Add(1) <= int64(requests) && time.Now().Before(end) {
				answer, err := client.Get("http://" + address + "/")
				must(err)
				_, err = io.Copy(io.Discard, answer.Body)
				must(err)
				must(answer.Body.Close())
				done.Add(1)
			}
		}()
	}
	all.Wait()
	fmt.Println(done.Load(), time.Since(start).Nanoseconds())
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "load" {
		load(os.Args[2], number(os.Args[3]), number(os.Args[4]), number(os.Args[5]))
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s\n", r.URL.Path)
	}))
	fmt.Println("ready", os.Getpid(), listener.Addr())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "trace on":
			must(trace.Start(&counter{}))
			fmt.Println("on")
		case "trace off":
			trace.Stop()
			fmt.Println("off")
		default:
			fmt.Println(cpu())
		}
	}
}
