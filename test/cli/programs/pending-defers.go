// Ends by a signal from outside of Go's panics, so that deferred calls are still to be made.
package main

import (
	"fmt"
	"os"
	"syscall"
)

type resource struct{ name string }

func (r *resource) close()      { fmt.Fprintln(os.Stderr, "close", r.name) }
func (r resource) report(n int) { fmt.Fprintln(os.Stderr, "report", r.name, n) }

//go:noinline
func loop(n int) {
	for i := 0; i < n; i++ {
		defer (&resource{fmt.Sprint("loop ", i)}).close()
	}
	die()
}

//go:noinline
func open(n int) {
	r := resource{"opened"}
	defer r.report(n)
	defer func() { fmt.Fprintln(os.Stderr, n, r) }()
	loop(n)
}

func die() {
	// To this very thread: another one would leave main waiting below, or not yet.
	syscall.Tgkill(syscall.Getpid(), syscall.Gettid(), syscall.SIGABRT)
	select {}
}

func main() { open(3) }
