// Judges points by DataKit's own filter library. Reads lines of "<base64 of a condition> <base64 of a PBPoints>" and
// writes, for each, "=error", or "=" and for each point "1" (it matches) or "0"; "=panic" where the library itself
// fails. All at the end, as the library logs to the same output.
package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/GuanceCloud/cliutils/filter"
	"github.com/GuanceCloud/cliutils/point"
)

type values struct{ point *point.Point }

func (v values) Get(key string) (any, bool) {
	found := v.point.KVs().Get(key)
	if found == nil {
		return nil, false
	}
	return found.Raw(), true
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	var out strings.Builder
	for in.Scan() {
		condition, body, _ := strings.Cut(in.Text(), " ")
		fmt.Fprintln(&out, "="+judge(string(bytesOf(condition)), bytesOf(body)))
	}
	fmt.Print(out.String())
}

func bytesOf(text string) []byte {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return raw
}

func judge(condition string, body []byte) (answer string) {
	defer func() {
		if recover() != nil {
			answer = "panic"
		}
	}()
	conditions, err := filter.GetConds(condition)
	if err != nil {
		return "error"
	}
	decoder := point.GetDecoder(point.WithDecEncoding(point.Protobuf))
	defer point.PutDecoder(decoder)
	points, err := decoder.Decode(body)
	if err != nil {
		panic(err)
	}
	for _, each := range points {
		if conditions.Eval(values{each}) >= 0 {
			answer += "1"
		} else {
			answer += "0"
		}
	}
	return answer
}
