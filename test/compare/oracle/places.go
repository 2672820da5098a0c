package main

import (
	"encoding/json"
	"os"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/service/debugger"
)

// Where Delve sets breakpoints: of functions by name, and of lines.
//
//	oracle places executable questions.json > answers.json

type placeQuestions struct {
	// Empty: all that Delve knows.
	Functions []string `json:"functions"`
	Lines     []struct {
		File string `json:"file"`
		Line int    `json:"line"`
	} `json:"lines"`
}

type placeAnswer struct {
	Function  string   `json:"function,omitempty"`
	File      string   `json:"file,omitempty"`
	Line      int      `json:"line,omitempty"`
	Addresses []uint64 `json:"addresses"`
	Error     string   `json:"error,omitempty"`
}

func launched(executable string) (*debugger.Debugger, error) {
	config := &debugger.Config{Backend: "native", ExecuteKind: debugger.ExecutingExistingFile, WorkingDir: "."}
	return debugger.New(config, []string{executable})
}

func places(executable, questionsFile string) error {
	var asked placeQuestions
	text, err := os.ReadFile(questionsFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	d, err := launched(executable)
	if err != nil {
		return err
	}
	defer d.Detach(true)
	group, unlock := d.LockTargetGroup()
	defer unlock()
	target := group.Selected
	names := asked.Functions
	if len(names) == 0 {
		for name := range target.BinInfo().LookupFunc() {
			names = append(names, name)
		}
	}
	var found []placeAnswer
	for _, name := range names {
		addresses, err := proc.FindFunctionLocation(target, name, 0)
		found = append(found, placeAnswer{Function: name, Addresses: addresses, Error: words(err)})
	}
	for _, one := range asked.Lines {
		addresses, err := proc.FindFileLocation(target, one.File, one.Line)
		found = append(found, placeAnswer{File: one.File, Line: one.Line, Addresses: addresses, Error: words(err)})
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
