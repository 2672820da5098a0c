// Becomes the program that its first argument names.
package main

import (
	"fmt"
	"os"
	"syscall"
)

//go:noinline
func become(path string) error {
	return syscall.Exec(path, []string{path}, os.Environ())
}

func main() {
	fmt.Println(become(os.Args[1]))
	os.Exit(5)
}
