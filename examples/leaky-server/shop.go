package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// shop sells one thing. Three things wait for each other in it once the audit has stopped:
//
//	a goroutine of record  waits to send on audit.events, which nobody receives any more
//	the handler of order   waits in recorded.Wait for that goroutine, and holds shop.mu meanwhile
//	every later handler    waits for shop.mu
//
// It is a deadlock, but not one that Go's runtime reports: the rest of the server goes on, and so orders pile up.
type shop struct {
	audit  *audit
	mu     sync.Mutex
	stock  int
	prices sync.Map
}

func newShop(a *audit) *shop {
	s := &shop{audit: a, stock: 1_000_000}
	s.prices.Store("gopher", 42)
	return s
}

func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "well") })
	mux.HandleFunc("/price", s.price)
	mux.HandleFunc("/order", s.order)
	return mux
}

// price answers always: it takes no lock that an order holds.
func (s *shop) price(w http.ResponseWriter, r *http.Request) {
	price, found := s.prices.Load(r.URL.Query().Get("thing"))
	if !found {
		http.NotFound(w, r)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"price": price})
}

// order sells one, and answers when the sale has been recorded.
func (s *shop) order(w http.ResponseWriter, _ *http.Request) {
	var recorded sync.WaitGroup
	s.record(&recorded, "sold", "invoiced")

	s.mu.Lock()
	defer s.mu.Unlock()
	s.stock--
	recorded.Wait() // with the lock held: who comes next waits for it
	fmt.Fprintln(w, "left:", s.stock)
}

// record hands events to the audit without waiting for it.
func (s *shop) record(recorded *sync.WaitGroup, events ...string) {
	for _, event := range events {
		event := event
		recorded.Add(1)
		go func() {
			defer recorded.Done()
			s.audit.events <- event
		}()
	}
}
