package main

import (
	"encoding/json"
	"os"
	"sort"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/debugger"
)

// A running program at its breakpoints: where they are, and at each stop the goroutine there with its stack, arguments
// and locals.
//
//	oracle live questions.json executable arguments... > answers.json

type liveQuestions struct {
	Functions []string `json:"functions"`
	// The most stops that are told.
	Stops int `json:"stops"`
}

type liveStop struct {
	Goroutine  int64       `json:"goroutine"`
	Goroutines []goroutine `json:"goroutines"`
}

type liveAnswers struct {
	Breakpoints []placeAnswer `json:"breakpoints"`
	Stops       []liveStop    `json:"stops"`
}

func live(questionsFile string, command []string) error {
	var asked liveQuestions
	text, err := os.ReadFile(questionsFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	nowhere := proc.OutputRedirect{Path: os.DevNull}
	config := &debugger.Config{
		Backend: "native", ExecuteKind: debugger.ExecutingExistingFile, WorkingDir: ".",
		DisableASLR: true, Stdin: os.DevNull, Stdout: nowhere, Stderr: nowhere,
	}
	d, err := debugger.New(config, command)
	if err != nil {
		return err
	}
	defer d.Detach(true)
	answers := liveAnswers{Breakpoints: breakpointsOf(d, asked.Functions)}
	set := map[uint64]bool{}
	for _, one := range answers.Breakpoints {
		for _, address := range one.Addresses {
			if set[address] {
				continue
			}
			set[address] = true
			if _, err := d.CreateBreakpoint(&api.Breakpoint{Addr: address}, "", nil, false); err != nil {
				return err
			}
		}
	}
	for len(answers.Stops) < asked.Stops {
		state, err := d.Command(&api.DebuggerCommand{Name: api.Continue}, nil, nil, nil)
		if err != nil || state.Exited || state.SelectedGoroutine == nil {
			break
		}
		stop, err := stopped(d, state.SelectedGoroutine.ID)
		if err != nil {
			return err
		}
		answers.Stops = append(answers.Stops, stop)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func breakpointsOf(d *debugger.Debugger, functions []string) []placeAnswer {
	group, unlock := d.LockTargetGroup()
	defer unlock()
	var found []placeAnswer
	for _, name := range functions {
		addresses, err := proc.FindFunctionLocation(group.Selected, name, 0)
		sort.Slice(addresses, func(i, j int) bool { return addresses[i] < addresses[j] })
		found = append(found, placeAnswer{Function: name, Addresses: addresses, Error: words(err)})
	}
	return found
}

func stopped(d *debugger.Debugger, id int64) (liveStop, error) {
	all, _, err := d.Goroutines(0, 0)
	if err != nil {
		return liveStop{}, err
	}
	group, unlock := d.LockTargetGroup()
	converted := api.ConvertGoroutines(group.Selected, all)
	unlock()
	stop := liveStop{Goroutine: id}
	for _, g := range converted {
		one := listed(d, g)
		if g.ID == id {
			one.Frames, err = frames(d, id)
			if err != nil {
				one.StackError = err.Error()
			}
		}
		stop.Goroutines = append(stop.Goroutines, one)
	}
	return stop, nil
}
