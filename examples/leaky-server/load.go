package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a client waits for an answer. A handler that hangs does not notice that its client has gone.
const patience = 250 * time.Millisecond

// pace is what a client waits between two requests.
const pace = 2 * time.Millisecond

// runLoad sends a number of requests and no more, every second one an order, and says how they ended.
func runLoad(ctx context.Context, base string, requests, clients int) string {
	var answered, refused, given atomic.Int64
	client := &http.Client{Timeout: patience}
	var all sync.WaitGroup
	for i := 0; i < clients; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for ctx.Err() == nil {
				number := given.Add(1)
				if number > int64(requests) {
					return
				}
				if ask(ctx, client, base, number) {
					answered.Add(1)
				} else {
					refused.Add(1)
				}
				time.Sleep(pace)
			}
		}()
	}
	all.Wait()
	return fmt.Sprintf("load: %d answered, %d without an answer", answered.Load(), refused.Load())
}

func ask(ctx context.Context, client *http.Client, base string, number int64) bool {
	paths := [...]string{"/order", "/price?thing=gopher", "/order", "/health"}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+paths[number%int64(len(paths))], nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
