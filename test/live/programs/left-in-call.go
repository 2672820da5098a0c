// Adds up in registers that a call does not keep, and says what comes of it. A debugger calls `block` in the middle,
// and leaves.
package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

var released atomic.Bool

// Returns when the program's input has ended, with other values in the vector registers.
//
//go:noinline
func block(x float64) float64 {
	for !released.Load() {
		x = x*1.5 - x/3
		if x > 1e6 {
			x = 7
		}
	}
	return x
}

//go:noinline
func sum(n int, a, b float64) float64 {
	total := a
	for i := 0; i < n; i++ {
		total = total*b + a
		if total > 1000 {
			total -= 999.5
		}
	}
	return total
}

func main() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		released.Store(true)
	}()
	wanted := sum(1000, 1.25, 1.5)
	same := true
	for !released.Load() {
		same = same && sum(1000, 1.25, 1.5) == wanted
		time.Sleep(time.Millisecond)
	}
	if block(2) > 0 && same {
		fmt.Println("all is well")
	} else {
		fmt.Println("another sum")
	}
}
