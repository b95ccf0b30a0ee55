// Package firstseen runs Elastic Security detection rules on events in flight.
//
// A Module is compiled once; each Detector is an instance of it with its rules, over a Store
// that remembers what was seen.
package firstseen

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	abi = 2

	// What an instance may take: 1 GiB in pages of 64 KiB.
	memoryPages = 1 << 14
)

// What a call answers.
const (
	statusDone = iota
	statusAsk
	statusInvalid
	statusNotConfigured
)

// ErrNotConfigured says that no rule is loaded.
var ErrNotConfigured = errors.New("no rule is loaded")

// InvalidError says that what a call was given is wrong. The call did nothing.
type InvalidError struct {
	// Cause is a sentence for a person.
	Cause string
}

func (e *InvalidError) Error() string { return e.Cause }

// exports are the functions that are called, with how many numbers they take and give.
var exports = map[string][2]int{
	"malloc":              {1, 1},
	"free":                {1, 0},
	"firstseen_abi":       {0, 1},
	"firstseen_configure": {2, 1},
	"firstseen_begin":     {4, 1},
	"firstseen_finish":    {2, 1},
}

// Module is what `firstseen module --plain` writes, compiled. It may be shared by goroutines.
type Module struct {
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
}

// Compile compiles the bytes of a module. The deadline of each call's context ends the call.
func Compile(ctx context.Context, wasm []byte) (*Module, error) {
	return compile(ctx, wasm, true)
}

// CompileWithoutDeadlines compiles one that runs several times as fast, for it does not look
// for the end of a call's context while it is under way. Bound its time with
// Context.LineWorkMax and the size of batches.
func CompileWithoutDeadlines(ctx context.Context, wasm []byte) (*Module, error) {
	return compile(ctx, wasm, false)
}

func compile(ctx context.Context, wasm []byte, deadlines bool) (*Module, error) {
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(deadlines)
	runtime := wazero.NewRuntimeWithConfig(ctx, config)
	compiled, err := runtime.CompileModule(ctx, wasm)
	if err == nil {
		err = check(compiled)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the module: %w", err), runtime.Close(ctx))
	}
	return &Module{runtime, compiled}, nil
}

// Close ends all instances too.
func (m *Module) Close(ctx context.Context) error { return m.runtime.Close(ctx) }

// check holds a module to the exports of the plain ABI.
func check(compiled wazero.CompiledModule) error {
	if _, ok := compiled.ExportedMemories()["memory"]; !ok {
		return errors.New("it exports no memory")
	}
	functions := compiled.ExportedFunctions()
	for name, counts := range exports {
		function, ok := functions[name]
		if !ok {
			return fmt.Errorf("it has no function %s", name)
		}
		takes, gives := function.ParamTypes(), function.ResultTypes()
		if len(takes) != counts[0] || len(gives) != counts[1] {
			return fmt.Errorf("its function %s is another one", name)
		}
		for _, kind := range append(takes[:len(takes):len(takes)], gives...) {
			if kind != api.ValueTypeI32 {
				return fmt.Errorf("its function %s is another one", name)
			}
		}
	}
	return nil
}

// instance is used by one goroutine at a time, and no more after an error other than
// ErrNotConfigured and InvalidError.
type instance struct {
	module    api.Module
	functions map[string]api.Function
}

func (m *Module) instantiate(ctx context.Context) (*instance, error) {
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	module, err := m.runtime.InstantiateModule(ctx, m.compiled, config)
	if err != nil {
		return nil, fmt.Errorf("the module: %w", err)
	}
	i := &instance{module, make(map[string]api.Function, len(exports))}
	for name := range exports {
		i.functions[name] = module.ExportedFunction(name)
	}
	version, err := i.number(ctx, "firstseen_abi")
	if err == nil && version != abi {
		err = fmt.Errorf("the module speaks version %d of the plain ABI, this package %d", version, abi)
	}
	if err != nil {
		i.close(ctx)
		return nil, err
	}
	return i, nil
}

func (i *instance) close(ctx context.Context) { _ = i.module.Close(context.WithoutCancel(ctx)) }

// number calls a function that gives a number.
func (i *instance) number(ctx context.Context, name string, arguments ...uint64) (uint32, error) {
	results, err := i.functions[name].Call(ctx, arguments...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return api.DecodeU32(results[0]), nil
}

// call makes a call with bytes, and gives what it answers: statusDone or statusAsk, and
// lines of JSON.
func (i *instance) call(ctx context.Context, name string, inputs ...[]byte) (uint32, []byte, error) {
	var arguments []uint64
	for _, input := range inputs {
		piece, err := i.give(ctx, input)
		if err != nil {
			return 0, nil, cmp.Or(i.free(ctx, arguments), err)
		}
		arguments = append(arguments, uint64(piece), uint64(len(input)))
	}
	at, err := i.number(ctx, "firstseen_"+name, arguments...)
	if err != nil {
		return 0, nil, err
	}
	status, reply, err := i.reply(at)
	if err != nil {
		return 0, nil, err
	}
	if err := i.free(ctx, arguments); err != nil {
		return 0, nil, err
	}
	switch status {
	case statusDone, statusAsk:
		return status, reply, nil
	case statusInvalid:
		return 0, nil, &InvalidError{Cause: string(reply)}
	case statusNotConfigured:
		return 0, nil, ErrNotConfigured
	}
	return 0, nil, fmt.Errorf("firstseen_%s: status %d", name, status)
}

// give copies bytes into a piece of the module's memory.
func (i *instance) give(ctx context.Context, input []byte) (uint32, error) {
	none := &InvalidError{Cause: fmt.Sprintf("the module has no memory for %d bytes", len(input))}
	if uint64(len(input)) > math.MaxUint32 {
		return 0, none
	}
	piece, err := i.number(ctx, "malloc", uint64(len(input)))
	if err != nil {
		return 0, err
	}
	if piece == 0 {
		return 0, none
	}
	if !i.module.Memory().Write(piece, input) {
		return 0, fmt.Errorf("malloc: %d bytes at %d lie outside", len(input), piece)
	}
	return piece, nil
}

// free gives the pieces back that are among a call's arguments.
func (i *instance) free(ctx context.Context, arguments []uint64) error {
	for at := 0; at < len(arguments); at += 2 {
		if _, err := i.functions["free"].Call(ctx, arguments[at]); err != nil {
			return fmt.Errorf("free: %w", err)
		}
	}
	return nil
}

// reply copies the reply at an address: its status and bytes.
func (i *instance) reply(at uint32) (uint32, []byte, error) {
	head, ok := i.module.Memory().Read(at, 12)
	if !ok {
		return 0, nil, fmt.Errorf("a reply at %d lies outside", at)
	}
	word := func(number int) uint32 { return binary.LittleEndian.Uint32(head[4*number:]) }
	text, ok := i.module.Memory().Read(word(1), word(2))
	if !ok {
		return 0, nil, fmt.Errorf("a reply of %d bytes at %d lies outside", word(2), word(1))
	}
	if !utf8.Valid(text) {
		return 0, nil, errors.New("a reply that is not UTF-8")
	}
	return word(0), bytes.Clone(text), nil
}
