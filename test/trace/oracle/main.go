// Says what Go's own analyses say of a trace, as JSON: what each goroutine spent its time on (internal/trace, Summarizer,
// which `go tool trace` shows as goroutine analysis) and the minimum mutator utilisation (gc.go).
//
// internal/trace can be imported from within GOROOT only: oracle.ts builds this as cmd/mattock-trace-oracle by -overlay.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"internal/trace"
	"io"
	"os"
	"time"
)

type goroutine struct {
	Entry                                    string
	Running, Runnable, Waiting, Syscall, Sum time.Duration
}

type answers struct {
	Goroutines map[trace.GoID]goroutine
	// By window in nanoseconds.
	Utilisation map[int64]float64
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := trace.NewReader(file)
	if err != nil {
		return err
	}
	summarizer := trace.NewSummarizer()
	var events []trace.Event
	for {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		summarizer.Event(&event)
		events = append(events, event)
	}
	found := answers{map[trace.GoID]goroutine{}, map[int64]float64{}}
	for id, g := range summarizer.Finalize().Goroutines {
		var waiting time.Duration
		for _, blocked := range g.BlockTimeByReason {
			waiting += blocked
		}
		found.Goroutines[id] = goroutine{g.Name, g.ExecTime, g.SchedWaitTime, waiting, g.SyscallTime + g.SyscallBlockTime, g.TotalTime}
	}
	flags := trace.UtilSTW | trace.UtilBackground | trace.UtilAssist
	curve := trace.NewMMUCurve(trace.MutatorUtilizationV2(events, flags))
	for window := int64(1e4); window <= 1e9; window *= 10 {
		found.Utilisation[window] = curve.MMU(time.Duration(window))
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
