// The oracle of `npm run compare`: opens a core with Delve's own packages and writes what Delve's terminal would
// show, as JSON: goroutines, stacks with arguments and locals, and expressions.
//
//	oracle executable core questions.json > answers.json
//
// places.go and live.go ask it of running programs.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-delve/delve/pkg/goversion"
	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/debugger"
)

// What the terminal loads for `print` and `locals -v`, and for `locals`, `args` and `stack -full`
// (pkg/terminal: Term.loadConfig and ShortLoadConfig).
var (
	fullLoad  = api.LoadConfig{FollowPointers: true, MaxVariableRecurse: 1, MaxStringLen: 64, MaxArrayValues: 64, MaxStructFields: -1}
	shortLoad = api.LoadConfig{MaxStringLen: 64, MaxStructFields: 3}
)

const stackDepth = 800

// Variables of frames further in than this are left out: recursion repeats them.
const framesWithVariables = 40

type questions struct {
	Expressions []struct {
		In          string   `json:"in"`
		Expressions []string `json:"expressions"`
	} `json:"expressions"`
}

type location struct {
	PC       uint64 `json:"pc"`
	Function string `json:"function"`
	File     string `json:"file"`
	Line     int    `json:"line"`
}

type variable struct {
	Name     string `json:"name"`
	Short    string `json:"short"`
	Full     string `json:"full"`
	Shadowed bool   `json:"shadowed,omitempty"`
}

type frame struct {
	location
	Arguments []variable `json:"arguments"`
	Locals    []variable `json:"locals"`
	Problem   string     `json:"problem,omitempty"`
}

type goroutine struct {
	ID          int64             `json:"id"`
	Status      uint64            `json:"status"`
	WaitReason  string            `json:"waitReason"`
	Thread      int               `json:"thread"`
	Current     location          `json:"current"`
	User        location          `json:"user"`
	GoStatement location          `json:"goStatement"`
	Start       location          `json:"start"`
	Labels      map[string]string `json:"labels"`
	Problem     string            `json:"problem,omitempty"`
	Frames      []frame           `json:"frames"`
	StackError  string            `json:"stackError,omitempty"`
}

type answer struct {
	In         string `json:"in"`
	Expression string `json:"expression"`
	Goroutine  int64  `json:"goroutine"`
	Frame      int    `json:"frame"`
	Text       string `json:"text,omitempty"`
	Type       string `json:"type,omitempty"`
	Error      string `json:"error,omitempty"`
}

type answers struct {
	Selected    int64       `json:"selected"`
	Goroutines  []goroutine `json:"goroutines"`
	Expressions []answer    `json:"expressions"`
}

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func command(arguments []string) error {
	switch arguments[0] {
	case "places":
		return places(arguments[1], arguments[2])
	case "live":
		return live(arguments[1], arguments[2:])
	default:
		return run(arguments[0], arguments[1], arguments[2])
	}
}

func run(executable, core, questionsFile string) error {
	var asked questions
	text, err := os.ReadFile(questionsFile)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		return err
	}
	d, err := debugger.New(&debugger.Config{CoreFile: core, Backend: "default"}, []string{executable})
	if err != nil {
		return err
	}
	found, err := everything(d)
	if err != nil {
		return err
	}
	for _, question := range asked.Expressions {
		goid, index, ok := innermost(found, question.In)
		if !ok {
			continue
		}
		for _, expression := range question.Expressions {
			found.Expressions = append(found.Expressions, evaluate(d, question.In, goid, index, expression))
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

func everything(d *debugger.Debugger) (*answers, error) {
	found := &answers{Selected: -1}
	if state, err := d.State(false); err == nil && state.SelectedGoroutine != nil {
		found.Selected = state.SelectedGoroutine.ID
	}
	all, _, err := d.Goroutines(0, 0)
	if err != nil {
		return nil, err
	}
	group, unlock := d.LockTargetGroup()
	converted := api.ConvertGoroutines(group.Selected, all)
	unlock()
	for _, g := range converted {
		one := listed(d, g)
		if one.Problem == "" {
			one.Frames, err = frames(d, g.ID)
			if err != nil {
				one.StackError = err.Error()
			}
		}
		found.Goroutines = append(found.Goroutines, one)
	}
	return found, nil
}

func listed(d *debugger.Debugger, g *api.Goroutine) goroutine {
	version := goversion.ParseProducer(d.TargetGoVersion())
	one := goroutine{
		ID: g.ID, Status: g.Status, Thread: g.ThreadID, Labels: g.Labels, Problem: g.Unreadable,
		Current: place(g.CurrentLoc), User: place(g.UserCurrentLoc), GoStatement: place(g.GoStatementLoc), Start: place(g.StartLoc),
	}
	if (g.Status == api.GoroutineWaiting || g.Status == api.GoroutineSyscall) && g.WaitReason != 0 {
		one.WaitReason = api.WaitReasonString(&version, g.WaitReason)
	}
	return one
}

func frames(d *debugger.Debugger, goid int64) ([]frame, error) {
	raw, err := d.Stacktrace(goid, stackDepth, 0)
	if err != nil {
		return nil, err
	}
	bare, err := d.ConvertStacktrace(raw, nil)
	if err != nil {
		return nil, err
	}
	var list []frame
	for i, b := range bare {
		one := frame{location: place(b.Location), Problem: b.Err}
		if i < framesWithVariables && b.Function != nil {
			one.Arguments, one.Locals, err = variables(d, goid, i)
			if err != nil {
				one.Problem = err.Error()
			}
		}
		list = append(list, one)
	}
	return list, nil
}

func variables(d *debugger.Debugger, goid int64, index int) (arguments, locals []variable, err error) {
	short, full := api.LoadConfigToProc(&shortLoad), api.LoadConfigToProc(&fullLoad)
	shortArguments, err := d.FunctionArguments(goid, index, 0, *short)
	if err != nil {
		return nil, nil, err
	}
	fullArguments, err := d.FunctionArguments(goid, index, 0, *full)
	if err != nil {
		return nil, nil, err
	}
	shortLocals, err := d.LocalVariables(goid, index, 0, *short)
	if err != nil {
		return nil, nil, err
	}
	fullLocals, err := d.LocalVariables(goid, index, 0, *full)
	if err != nil {
		return nil, nil, err
	}
	return pairs(api.ConvertVars(shortArguments), api.ConvertVars(fullArguments)),
		pairs(api.ConvertVars(shortLocals), api.ConvertVars(fullLocals)), nil
}

func pairs(short, full []api.Variable) []variable {
	var list []variable
	for i := range short {
		list = append(list, variable{
			Name:     short[i].Name,
			Short:    short[i].SinglelineString(),
			Full:     full[i].SinglelineString(),
			Shadowed: short[i].Flags&api.VariableShadowed != 0,
		})
	}
	return list
}

func evaluate(d *debugger.Debugger, in string, goid int64, index int, expression string) (result answer) {
	result = answer{In: in, Expression: expression, Goroutine: goid, Frame: index}
	// Delve itself panics on some expressions; its server answers that as an error too.
	defer func() {
		if problem := recover(); problem != nil {
			result.Error = fmt.Sprint("panic: ", problem)
		}
	}()
	value, err := d.EvalVariableInScope(goid, index, 0, expression, *api.LoadConfigToProc(&fullLoad))
	if err != nil {
		result.Error = err.Error()
		return result
	}
	shown := api.ConvertVar(value)
	result.Text, result.Type = shown.SinglelineString(), shown.Type
	return result
}

// innermost is the innermost frame of a function: on the selected goroutine if it has one, else on the first.
func innermost(found *answers, function string) (goid int64, index int, ok bool) {
	for _, onlySelected := range []bool{true, false} {
		for _, g := range found.Goroutines {
			if onlySelected && g.ID != found.Selected {
				continue
			}
			for i, f := range g.Frames {
				if f.Function == function && i < framesWithVariables {
					return g.ID, i, true
				}
			}
		}
	}
	return 0, 0, false
}

func place(l api.Location) location {
	return location{l.PC, l.Function.Name(), l.File, l.Line}
}
