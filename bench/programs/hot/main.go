// Calls a function as often as it is told and says what a call took: what a debugger does at each of them included.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

type point struct{ X, Y int }

//go:noinline
func work(i int, p *point) int {
	p.X = i
	p.Y += i
	return i * 2
}

func main() {
	count := 1000
	if len(os.Args) > 1 {
		count, _ = strconv.Atoi(os.Args[1])
	}
	p := &point{}
	total := 0
	start := time.Now()
	for i := 0; i < count; i++ {
		total += work(i, p)
	}
	elapsed := time.Since(start)
	fmt.Printf("total %d, nanoseconds per call %d\n", total, elapsed.Nanoseconds()/int64(count))
}
