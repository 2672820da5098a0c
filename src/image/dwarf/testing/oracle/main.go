// Oracle says what Go's own debug/dwarf reads in a binary, in lines that the tests compare with their own reading:
//
//	unit NAME FROM-TO,…
//	func NAME FROM-TO,…   a function with code, by its entry; then what is below it, indented:
//	  param NAME TYPE     or result, local; its depth of lexical blocks is the number of dots in front
//	  inline NAME FROM-TO,…
//	type NAME SIZE MEMBER@OFFSET:TYPE,…
//	global NAME ADDRESS TYPE
//	rows UNIT COUNT SUM   rows of the unit's line table; SUM is over address × line of statements
package main

import (
	"bufio"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	attrVariableParameter = dwarf.AttrVarParam
	opAddr                = 0x03
)

type node struct {
	entry    *dwarf.Entry
	children []*node
}

type oracle struct {
	data *dwarf.Data
	out  *bufio.Writer
	byAt map[dwarf.Offset]*dwarf.Entry
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	file, err := elf.Open(path)
	if err != nil {
		return err
	}
	data, err := file.DWARF()
	if err != nil {
		return err
	}
	o := &oracle{data, bufio.NewWriter(os.Stdout), map[dwarf.Offset]*dwarf.Entry{}}
	defer o.out.Flush()
	units, err := o.read()
	if err != nil {
		return err
	}
	for _, unit := range units {
		if err := o.unit(unit); err != nil {
			return err
		}
	}
	return nil
}

// read gives all units as trees.
func (o *oracle) read() ([]*node, error) {
	reader := o.data.Reader()
	root := &node{}
	stack := []*node{root}
	for {
		entry, err := reader.Next()
		if err != nil {
			return nil, err
		}
		if entry == nil {
			return root.children, nil
		}
		if entry.Tag == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		o.byAt[entry.Offset] = entry
		n := &node{entry: entry}
		top := stack[len(stack)-1]
		top.children = append(top.children, n)
		if entry.Children {
			stack = append(stack, n)
		}
	}
}

func (o *oracle) unit(unit *node) error {
	name, _ := unit.entry.Val(dwarf.AttrName).(string)
	fmt.Fprintf(o.out, "unit %s %s\n", name, o.ranges(unit.entry))
	if err := o.rows(unit.entry, name); err != nil {
		return err
	}
	for _, child := range unit.children {
		switch child.entry.Tag {
		case dwarf.TagSubprogram:
			if ranges := o.ranges(child.entry); ranges != "" {
				fmt.Fprintf(o.out, "func %s %s\n", o.name(child.entry), ranges)
				o.inside(child, "  ")
			}
		case dwarf.TagStructType, dwarf.TagBaseType, dwarf.TagPointerType:
			o.typ(child)
		case dwarf.TagVariable:
			o.global(child.entry)
		}
	}
	return nil
}

func (o *oracle) rows(unit *dwarf.Entry, name string) error {
	lines, err := o.data.LineReader(unit)
	if err != nil || lines == nil {
		return err
	}
	count, sum := 0, uint64(0)
	for entry := (dwarf.LineEntry{}); ; {
		if err := lines.Next(&entry); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		count++
		if entry.IsStmt && !entry.EndSequence {
			sum += entry.Address % 65536 * uint64(entry.Line)
		}
	}
	fmt.Fprintf(o.out, "rows %s %d %d\n", name, count, sum)
	return nil
}

// inside lists variables first, then inlined functions, each in the order of the file.
func (o *oracle) inside(function *node, indent string) {
	o.variables(function, indent, "")
	o.inlined(function, indent)
}

func (o *oracle) variables(parent *node, indent, dots string) {
	for _, child := range parent.children {
		entry := child.entry
		switch entry.Tag {
		case dwarf.TagLexDwarfBlock:
			o.variables(child, indent, dots+".")
		case dwarf.TagFormalParameter, dwarf.TagVariable:
			name := o.name(entry)
			if name == "" {
				continue
			}
			role := "local"
			if entry.Tag == dwarf.TagFormalParameter {
				role = "param"
				if is, _ := o.value(entry, attrVariableParameter).(bool); is {
					role = "result"
				}
			}
			fmt.Fprintf(o.out, "%s%s%s %s %s\n", indent, dots, role, name, o.typeName(entry))
		}
	}
}

func (o *oracle) inlined(parent *node, indent string) {
	for _, child := range parent.children {
		switch child.entry.Tag {
		case dwarf.TagLexDwarfBlock:
			o.inlined(child, indent)
		case dwarf.TagInlinedSubroutine:
			fmt.Fprintf(o.out, "%sinline %s %s\n", indent, o.name(child.entry), o.ranges(child.entry))
			o.inside(child, indent+"  ")
		}
	}
}

func (o *oracle) typ(n *node) {
	name, _ := n.entry.Val(dwarf.AttrName).(string)
	if name == "" || n.entry.Val(dwarf.AttrDeclaration) != nil {
		return
	}
	size, has := n.entry.Val(dwarf.AttrByteSize).(int64)
	if !has {
		size = 8
	}
	var members []string
	for _, child := range n.children {
		if child.entry.Tag == dwarf.TagMember {
			field, _ := child.entry.Val(dwarf.AttrName).(string)
			members = append(members, fmt.Sprintf("%s@%v:%s", field, child.entry.Val(dwarf.AttrDataMemberLoc), o.typeName(child.entry)))
		}
	}
	fmt.Fprintf(o.out, "type %s %d %s\n", name, size, strings.Join(members, ","))
}

func (o *oracle) global(entry *dwarf.Entry) {
	location, _ := entry.Val(dwarf.AttrLocation).([]byte)
	if len(location) == 9 && location[0] == opAddr {
		fmt.Fprintf(o.out, "global %s %x %s\n", o.name(entry), binary.LittleEndian.Uint64(location[1:]), o.typeName(entry))
	}
}

// value looks at the entry and at the one that it was made from.
func (o *oracle) value(entry *dwarf.Entry, attr dwarf.Attr) interface{} {
	for entry != nil {
		if value := entry.Val(attr); value != nil {
			return value
		}
		origin, ok := entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset)
		if !ok {
			origin, ok = entry.Val(dwarf.AttrSpecification).(dwarf.Offset)
		}
		if !ok {
			return nil
		}
		entry = o.byAt[origin]
	}
	return nil
}

func (o *oracle) name(entry *dwarf.Entry) string {
	name, _ := o.value(entry, dwarf.AttrName).(string)
	return name
}

// typeName is empty for C types without a name of their own.
func (o *oracle) typeName(entry *dwarf.Entry) string {
	offset, ok := o.value(entry, dwarf.AttrType).(dwarf.Offset)
	if !ok || o.byAt[offset] == nil {
		return ""
	}
	name, _ := o.byAt[offset].Val(dwarf.AttrName).(string)
	return name
}

func (o *oracle) ranges(entry *dwarf.Entry) string {
	ranges, err := o.data.Ranges(entry)
	if err != nil {
		return "error " + err.Error()
	}
	var parts []string
	for _, r := range ranges {
		if r[1] > r[0] {
			parts = append(parts, fmt.Sprintf("%x-%x", r[0], r[1]))
		}
	}
	return strings.Join(parts, ",")
}
