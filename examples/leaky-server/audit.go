package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

var errQuota = errors.New("the audit's quota is used up")

// audit writes down what happened, one event after the other.
type audit struct {
	events  chan string // unbuffered: who sends waits until the event is being written
	quota   int
	written int
}

func newAudit(quota int) *audit {
	a := &audit{events: make(chan string), quota: quota}
	go a.run()
	return a
}

// run receives the events. The bug is here: after an error it returns, and nobody receives any more, but everybody
// goes on to send.
func (a *audit) run() {
	for event := range a.events {
		if err := a.write(event); err != nil {
			fmt.Fprintln(os.Stderr, "audit:", err)
			return
		}
	}
}

func (a *audit) write(event string) error {
	if a.written == a.quota {
		return errQuota
	}
	a.written++
	time.Sleep(100 * time.Microsecond) // a disk
	return nil
}
