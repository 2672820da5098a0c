// An account whose balance is written by two goroutines without a lock: in the end it is wrong, and nothing says who
// did it. With an argument they never end.
package main

import (
	"fmt"
	"os"
	"sync"
)

type account struct {
	owner   string
	balance int
}

//go:noinline
func deposit(a *account, amount int) {
	a.balance += amount
}

//go:noinline
func withdraw(a *account, amount int) {
	a.balance -= amount
}

func main() {
	shared := &account{owner: "gopher", balance: 100}
	var wg sync.WaitGroup
	for _, move := range []func(*account, int){deposit, withdraw} {
		wg.Add(1)
		go func(move func(*account, int)) {
			defer wg.Done()
			for i := 0; i < 100000 || len(os.Args) > 1; i++ {
				move(shared, 2)
			}
		}(move)
	}
	wg.Wait()
	fmt.Println(shared.owner, "has", shared.balance)
}
