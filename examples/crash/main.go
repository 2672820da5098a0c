// A small order service that dies as services do: most of its goroutines wait for work, for a lock or for each
// other, and one of them writes to a map that was never made.
//
//	GOTRACEBACK=crash ./crash     # leaves a core file where the system allows it
package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

type order struct {
	ID       int
	Customer string
	Items    []string
	Total    float64
}

// ledger keeps the totals of each customer. The zero value is not ready for use: its map is nil.
type ledger struct {
	mu     sync.Mutex
	totals map[string]float64
	booked int
}

var errEmpty = errors.New("order has no items")

func (l *ledger) book(o *order) error {
	if len(o.Items) == 0 {
		return fmt.Errorf("order %d: %w", o.ID, errEmpty)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.totals[o.Customer]          // reading a nil map is fine…
	l.totals[o.Customer] = before + o.Total // …writing to it is not
	l.booked++
	return nil
}

type service struct {
	orders   chan *order
	receipts chan string
	ledger   *ledger
	done     sync.WaitGroup
}

// worker books orders until the channel is closed. All but one of them wait here for the next order.
func (s *service) worker(id int) {
	defer s.done.Done()
	for o := range s.orders {
		if err := s.ledger.book(o); err != nil {
			fmt.Println("worker", id, "refused:", err)
			continue
		}
		s.receipts <- fmt.Sprintf("order %d of %s: %.2f", o.ID, o.Customer, o.Total)
	}
}

// audit wants the lock of a ledger that somebody holds: it is blocked on the mutex.
func (s *service) audit() {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	fmt.Println("booked so far:", s.ledger.booked)
}

// mailer waits for a receipt, or for a minute to pass.
func (s *service) mailer() {
	for {
		select {
		case receipt := <-s.receipts:
			fmt.Println("mailing", receipt)
		case <-time.After(time.Minute):
			fmt.Println("nothing to mail")
		}
	}
}

func main() {
	s := &service{
		orders:   make(chan *order),
		receipts: make(chan string, 8),
		ledger:   &ledger{}, // the bug: newLedger() would have made the map
	}
	for id := 1; id <= 4; id++ {
		s.done.Add(1)
		go s.worker(id)
	}
	go s.mailer()

	var archive ledger
	archive.mu.Lock()
	go (&service{ledger: &archive}).audit()

	s.orders <- &order{ID: 1, Customer: "nobody"} // refused: it has no items
	time.Sleep(50 * time.Millisecond)
	s.orders <- &order{ID: 2, Customer: "Ada", Items: []string{"engine", "cards"}, Total: 1843.5}
	time.AfterFunc(time.Second, func() { close(s.orders) }) // too late for this service
	s.done.Wait()
}
