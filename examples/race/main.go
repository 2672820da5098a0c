// A bank whose balance is written by two goroutines without a lock: the sum is wrong, and nothing says who did it.
package main

import (
	"fmt"
	"sync"
)

type account struct {
	owner   string
	balance int
}

func deposit(a *account, amount int) {
	a.balance += amount
}

func withdraw(a *account, amount int) {
	a.balance -= amount
}

func main() {
	shared := &account{owner: "gopher", balance: 100}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for i := 0; i < 1000; i++ {
			deposit(shared, 2)
		}
	}()
	go func() {
		defer wg.Done()
		for i := 0; i < 1000; i++ {
			withdraw(shared, 2)
		}
	}()
	wg.Wait()
	fmt.Println(shared.owner, "has", shared.balance)
}
