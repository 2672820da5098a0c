// A program whose packages bring along many kinds of instructions: floating point, bits, atomics, vectors,
// cryptography.
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash/crc32"
	"math"
	"math/big"
	"math/bits"
	"os"
	"sort"
	"strconv"
	"sync/atomic"
)

var counter atomic.Int64

//go:noinline
func arithmetic(a, b int64, c uint32, d float64, e float32) (int64, uint32, float64, float32) {
	a = a*b - a/(b|1) + a%(b|3) + a>>3&^b
	c = bits.RotateLeft32(c, 5)*uint32(bits.TrailingZeros64(uint64(a))+bits.OnesCount64(uint64(b))) - c/7
	d = math.Sqrt(d)*math.FMA(d, 2, 1) + math.Floor(d) - float64(a) + math.Abs(d)
	e = e/3 + float32(d) - float32(int8(c)) + float32(uint16(a))
	return a, c, d, e
}

//go:noinline
func branches(s []int, m map[string]int, f func(int) bool) (n int) {
	defer func() { counter.Add(int64(n)) }()
	for i, x := range s {
		switch {
		case x < 3:
			n++
		case x > 1000 && f(x):
			n += m[strconv.Itoa(i)]
		case x&8 != 0:
			n -= s[x&7]
		}
	}
	return n
}

func main() {
	a, c, d, e := arithmetic(int64(len(os.Args)), 7, 9, 2.5, 1.5)
	words := bytes.Fields([]byte("some words to sort " + strconv.FormatFloat(d+float64(e), 'g', -1, 64)))
	sort.Slice(words, func(i, j int) bool { return bytes.Compare(words[i], words[j]) < 0 })
	block, _ := aes.NewCipher(make([]byte, 16))
	text := make([]byte, 16)
	block.Encrypt(text, text)
	x, y, z := sha1.Sum(text), sha256.Sum256(text), sha512.Sum512(text)
	n := new(big.Int).Exp(big.NewInt(a), big.NewInt(int64(c)), big.NewInt(97))
	println(string(bytes.Join(words, nil)), crc32.ChecksumIEEE(text), x[0], y[0], z[0], n.String())
	println(branches([]int{1, 2, 3, 40}, map[string]int{"3": 4}, func(i int) bool { return i > 5 }), counter.Load())
}
