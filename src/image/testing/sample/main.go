// Sample is what the tests of src/image read: it has inlined calls, methods, generics, closures and defers, and it
// prints what its own runtime says about them.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"strings"
)

// Frame is one line of a stack as the runtime sees it.
type Frame struct {
	Function string
	File     string
	Line     int
}

// Stack is what the runtime says of one place.
type Stack struct {
	// PCs are return addresses: one per frame, or (Go < 1.21) one per function that was really called.
	PCs    []uint64
	Frames []Frame
}

var stacks []Stack

//go:noinline
func record(pcs []uintptr) {
	frames := runtime.CallersFrames(pcs)
	var s Stack
	for _, pc := range pcs {
		s.PCs = append(s.PCs, uint64(pc))
	}
	for {
		f, more := frames.Next()
		s.Frames = append(s.Frames, Frame{f.Function, f.File, f.Line})
		if !more {
			break
		}
	}
	stacks = append(stacks, s)
}

//go:noinline
func capture() {
	pcs := make([]uintptr, 64)
	record(pcs[:runtime.Callers(0, pcs)])
}

func innermost(n int) int {
	if n > 0 {
		capture()
	}
	return n
}

func middle(n int) int { return innermost(n) + 1 }

type shape struct{ sides int }

func (s shape) outer() int { return middle(s.sides) * 2 }

func generic[T any](x T) T {
	capture()
	return x
}

type namer interface{ name() string }

func (s *shape) name() string {
	capture()
	return strings.Repeat("side", s.sides)
}

//go:noinline
func withDefer(n int) (result int) {
	defer func() {
		capture()
		recover()
		result = -1
	}()
	return 100 / n
}

//go:noinline
func closure() func(int) int {
	base := len(os.Args)
	return func(n int) int { return middle(n + base) }
}

func main() {
	shape{3}.outer()
	generic(7)
	generic("seven")
	var n namer = &shape{2}
	n.name()
	withDefer(0)
	closure()(1)
	out := map[string]any{
		"Main":   uint64(reflect.ValueOf(main).Pointer()),
		"Stacks": stacks,
	}
	json.NewEncoder(os.Stdout).Encode(out)
}
