// Decodes bodies with the point library that Dataway and DataKit are made with. Reads one body a line, as
// "<encoding> <base64>", and writes what it found, a JSON object a line.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/GuanceCloud/cliutils/point"
	types "github.com/gogo/protobuf/types"
)

type pair struct {
	Key   string   `json:"key"`
	Tag   bool     `json:"tag"`
	Type  string   `json:"type"`
	Value []string `json:"value"`
}

type decoded struct {
	Name   string `json:"name"`
	TimeNs string `json:"timeNs"`
	Pairs  []pair `json:"pairs"`
}

type answer struct {
	Error  string    `json:"error"`
	Points []decoded `json:"points"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		encoding, body, _ := strings.Cut(in.Text(), " ")
		raw, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			panic(err)
		}
		line, err := json.Marshal(decode(encoding, raw))
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(out, string(line))
	}
}

func decode(encoding string, body []byte) answer {
	kind := point.LineProtocol
	if encoding == "v2" {
		kind = point.Protobuf
	}
	decoder := point.GetDecoder(point.WithDecEncoding(kind))
	defer point.PutDecoder(decoder)
	points, err := decoder.Decode(body)
	made := answer{Points: []decoded{}}
	if err != nil {
		made.Error = err.Error()
	}
	for _, each := range points {
		one := decoded{Name: each.Name(), TimeNs: strconv.FormatInt(each.Time().UnixNano(), 10), Pairs: []pair{}}
		for _, kv := range each.KVs() {
			kind, value := textOf(kv)
			one.Pairs = append(one.Pairs, pair{Key: kv.Key, Tag: kv.IsTag, Type: kind, Value: value})
		}
		sort.Slice(one.Pairs, func(a, b int) bool { return one.Pairs[a].Key < one.Pairs[b].Key })
		made.Points = append(made.Points, one)
	}
	return made
}

func textOf(kv *point.Field) (string, []string) {
	switch value := kv.Val.(type) {
	case *point.Field_I:
		return "int", []string{strconv.FormatInt(value.I, 10)}
	case *point.Field_U:
		return "unsigned", []string{strconv.FormatUint(value.U, 10)}
	case *point.Field_F:
		return "float", []string{bits(value.F)}
	case *point.Field_B:
		return "bool", []string{strconv.FormatBool(value.B)}
	case *point.Field_S:
		return "text", []string{value.S}
	case *point.Field_D:
		return "bytes", []string{base64.StdEncoding.EncodeToString(value.D)}
	case *point.Field_A:
		return arrayOf(value.A)
	default:
		return fmt.Sprintf("%T", kv.Val), nil
	}
}

func arrayOf(packed *types.Any) (string, []string) {
	array := &point.Array{}
	if err := types.UnmarshalAny(packed, array); err != nil {
		return "broken array: " + err.Error(), nil
	}
	kind := "array"
	values := []string{}
	for _, each := range array.Arr {
		switch value := each.X.(type) {
		case *point.BasicTypes_I:
			kind, values = "array of int", append(values, strconv.FormatInt(value.I, 10))
		case *point.BasicTypes_U:
			kind, values = "array of unsigned", append(values, strconv.FormatUint(value.U, 10))
		case *point.BasicTypes_F:
			kind, values = "array of float", append(values, bits(value.F))
		case *point.BasicTypes_B:
			kind, values = "array of bool", append(values, strconv.FormatBool(value.B))
		case *point.BasicTypes_S:
			kind, values = "array of text", append(values, value.S)
		case *point.BasicTypes_D:
			kind, values = "array of bytes", append(values, base64.StdEncoding.EncodeToString(value.D))
		}
	}
	return kind, values
}

// bits tells doubles apart to the last bit, whatever a decimal would make of them.
func bits(value float64) string {
	return strconv.FormatUint(math.Float64bits(value), 16)
}
