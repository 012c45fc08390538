package pickle

import (
	"errors"
	"fmt"
)

// container executes the instructions that make and fill containers.
func (m *machine) container(op byte) error {
	switch op {
	case opEmptyTuple:
		return m.push(Tuple{})
	case opEmptyList, opEmptySet:
		return m.push(&List{})
	case opEmptyDict:
		return m.push(&Dict{})
	case opTuple1, opTuple2, opTuple3:
		items, err := m.popN(int(op-opTuple1) + 1)
		if err != nil {
			return err
		}
		return m.push(Tuple(items))
	case opAppend:
		items, err := m.popN(1)
		if err != nil {
			return err
		}
		return m.extend(items)
	case opSetItem:
		items, err := m.popN(2)
		if err != nil {
			return err
		}
		return m.update(items)
	}
	items, err := m.popMark()
	if err != nil {
		return err
	}
	switch op {
	case opTuple:
		return m.push(Tuple(items))
	case opList, opFrozenSet:
		return m.push(&List{items})
	case opAppends, opAddItems:
		return m.extend(items)
	case opDict:
		m.stack = append(m.stack, &Dict{})
	}
	return m.update(items)
}

// extend appends to the list on top of the stack.
func (m *machine) extend(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	l, ok := v.(*List)
	if !ok {
		return fmt.Errorf("append to a %s", Kind(v))
	}
	l.Items = append(l.Items, items...)
	return nil
}

// update sets pairs in the dict on top of the stack.
func (m *machine) update(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok {
		return fmt.Errorf("set an item of a %s", Kind(v))
	}
	if len(items)%2 != 0 {
		return errors.New("a key without a value")
	}
	for i := 0; i < len(items); i += 2 {
		d.Items = append(d.Items, Item{items[i], items[i+1]})
	}
	return nil
}

// memoize executes the instructions that remember a value and bring it back.
func (m *machine) memoize(op byte) error {
	key := uint64(len(m.memo))
	var err error
	switch op {
	case opBinPut, opBinGet:
		key, err = m.uint(1)
	case opLongBinPut, opLongBinGet:
		key, err = m.uint(4)
	}
	if err != nil {
		return err
	}
	if op == opBinGet || op == opLongBinGet {
		v, ok := m.memo[int(key)]
		if !ok {
			return fmt.Errorf("memo %d was never set", key)
		}
		return m.push(v)
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo[int(key)] = v
	return nil
}

// object executes the instructions that go through the Resolver.
func (m *machine) object(op byte) error {
	switch op {
	case opGlobal, opStackGlobal:
		return m.global(op)
	case opBinPersID:
		id, err := m.pop()
		if err != nil {
			return err
		}
		v, err := m.resolver.Persistent(id)
		if err != nil {
			return err
		}
		return m.push(v)
	case opBuild:
		// The state of an OrderedDict is its attributes (PyTorch keeps version
		// numbers there): nothing that a tensor needs.
		items, err := m.popN(2)
		if err != nil {
			return err
		}
		if _, ok := items[0].(*Dict); !ok {
			return fmt.Errorf("set the state of a %s", Kind(items[0]))
		}
		return m.push(items[0])
	}
	items, err := m.popN(2) // REDUCE and NEWOBJ: a callable and its arguments
	if err != nil {
		return err
	}
	g, ok := items[0].(Global)
	if !ok {
		return fmt.Errorf("call of a %s", Kind(items[0]))
	}
	args, ok := items[1].(Tuple)
	if !ok {
		return fmt.Errorf("%s: arguments are a %s", g, Kind(items[1]))
	}
	v, err := m.resolver.Call(g, args)
	if err != nil {
		return fmt.Errorf("%s: %w", g, err)
	}
	return m.push(v)
}

func (m *machine) global(op byte) error {
	var g Global
	if op == opGlobal {
		var err error
		if g.Module, err = m.line(); err != nil {
			return err
		}
		if g.Name, err = m.line(); err != nil {
			return err
		}
	} else {
		items, err := m.popN(2)
		if err != nil {
			return err
		}
		var ok1, ok2 bool
		g.Module, ok1 = items[0].(string)
		g.Name, ok2 = items[1].(string)
		if !ok1 || !ok2 {
			return fmt.Errorf("a global named by %s and %s", Kind(items[0]), Kind(items[1]))
		}
	}
	if err := m.resolver.Allow(g); err != nil {
		return err
	}
	return m.push(g)
}
