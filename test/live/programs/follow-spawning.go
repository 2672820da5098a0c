// Starts processes in the ways that its first argument names.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// How many children `family` is to have; a debugger sets it.
var wanted int

//go:noinline
func work(round int) int {
	return round*3 + 1
}

//go:noinline
func begun(name string) {
	fmt.Println(name, "begins")
}

func self(words ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], words...)
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	return command
}

func report(err error) {
	if err == nil {
		fmt.Println("status 0")
	} else {
		fmt.Println(err)
	}
}

// Rounds until its input ends, each with a line.
func count(name string, each func()) {
	ended := make(chan bool)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for round := 1; ; round++ {
		select {
		case <-ended:
			fmt.Println("all is well")
			return
		case <-time.After(time.Millisecond):
		}
		work(round)
		each()
		fmt.Printf("%s %d\n", name, round)
	}
}

func family() {
	var children []*exec.Cmd
	var inputs []io.Closer
	count("rounds", func() {
		if len(children) >= wanted {
			return
		}
		child := self("count")
		input, err := child.StdinPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			panic(err)
		}
		children = append(children, child)
		inputs = append(inputs, input)
	})
	for i, child := range children {
		inputs[i].Close()
		if err := child.Wait(); err != nil {
			fmt.Println("a child:", err)
		}
	}
	fmt.Println("all is well")
}

func main() {
	number := 0
	if len(os.Args) > 2 {
		number, _ = strconv.Atoi(os.Args[2])
	}
	switch os.Args[1] {
	case "work":
		for round := 0; round < number; round++ {
			work(round)
		}
		os.Exit(7)
	case "again":
		for i := 0; i < number; i++ {
			report(self("work", "2").Run())
		}
	case "run":
		report(exec.Command(os.Args[2], os.Args[3:]...).Run())
	case "chain":
		if number == 0 {
			work(number)
		} else {
			report(self("chain", strconv.Itoa(number-1)).Run())
		}
	case "many":
		children := make([]*exec.Cmd, number)
		for i := range children {
			children[i] = self("work", "20")
			if err := children[i].Start(); err != nil {
				panic(err)
			}
		}
		for _, child := range children {
			report(child.Wait())
		}
	case "leave":
		if err := self("work", "1").Start(); err != nil {
			panic(err)
		}
	case "count":
		begun("child")
		count("child", func() {})
	case "family":
		family()
	}
}
