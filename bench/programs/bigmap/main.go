// bigmap N: crashes with a map of N entries.
package main

import (
	"fmt"
	"os"
	"strconv"
)

var table = map[string]string{}

//go:noinline
func crash() {
	var nothing *int
	fmt.Println(len(table), *nothing)
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		table[fmt.Sprintf("key-%06d", i)] = fmt.Sprintf("value-%06d", i)
	}
	crash()
}
