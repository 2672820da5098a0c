// A small shop over HTTP that slowly stops selling, although nothing crashes and no error is logged twice.
//
//	go build && ./leaky-server                          # serves on 127.0.0.1:8080
//	./leaky-server -load 400                            # … and sends itself 400 orders and questions, then goes on
//	./leaky-server -load 400 -trace trace.out -for 5s   # … and writes Go's own execution trace, and ends after 5 s
//
// /health and /price always answer. /order answers until the audit has had enough (audit.go); from then on
// every order waits for the one before it, and each leaves two goroutines behind (shop.go says how they hang together).
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/trace"
	"syscall"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:8080", "where to listen; port 0 takes a free one")
	quota := flag.Int("audit-quota", 200, "how many events the audit takes")
	load := flag.Int("load", 0, "requests that the server sends itself")
	clients := flag.Int("clients", 8, "clients that send them at the same time")
	tracePath := flag.String("trace", "", "file for an execution trace of all that happens")
	traceAfter := flag.Duration("trace-after", 0, "begin that trace only after this time")
	lifetime := flag.Duration("for", 0, "end after this time; 0 goes on until it is interrupted")
	flag.Parse()
	if err := run(*address, *quota, *load, *clients, tracing{*tracePath, *traceAfter}, *lifetime); err != nil {
		fmt.Fprintln(os.Stderr, "leaky-server:", err)
		os.Exit(1)
	}
}

func run(address string, quota, load, clients int, tracing tracing, lifetime time.Duration) error {
	stop, err := tracing.start()
	if err != nil {
		return err
	}
	defer stop()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	s := newShop(newAudit(quota))
	server := &http.Server{Handler: s.handler()}
	go server.Serve(listener)
	fmt.Printf("listening on http://%s (pid %d)\n", listener.Addr(), os.Getpid())

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if lifetime > 0 {
		ctx, cancel = context.WithTimeout(ctx, lifetime)
		defer cancel()
	}
	if load > 0 {
		go func() {
			report := runLoad(ctx, "http://"+listener.Addr().String(), load, clients)
			fmt.Println(report)
		}()
	}
	<-ctx.Done()
	// The orders that hang are not waited for: they would never end.
	return server.Close()
}

// tracing is whether and when Go's own execution trace is to be written.
type tracing struct {
	path  string
	after time.Duration
}

func (t tracing) start() (stop func(), err error) {
	if t.path == "" {
		return func() {}, nil
	}
	file, err := os.Create(t.path)
	if err != nil {
		return nil, err
	}
	timer := time.AfterFunc(t.after, func() {
		if err := trace.Start(file); err != nil {
			fmt.Fprintln(os.Stderr, "leaky-server:", err)
		}
	})
	return func() {
		timer.Stop()
		trace.Stop()
		file.Close()
	}, nil
}
