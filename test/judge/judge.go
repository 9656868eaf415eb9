// Judge checks what Proviso's logs write with code that is not Proviso's: the trees and notes of golang.org/x/mod.
// It says what it has found, a line each, and exits with 1 when it refuses.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A full tile has width hashes, and each spans width of those of the tiles below.
const (
	height = 8
	width  = 1 << height
)

// Most entries of a log whose proofs are made and checked.
const proofsMax = 2000

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) >= 3 && args[0] == "log":
		err = judgeLog(args[1], args[2:])
	case len(args) == 1 && args[0] == "proof":
		err = judgeProofs(os.Stdin)
	case len(args) >= 2 && args[0] == "note":
		err = openNote(os.Stdin, args[1:])
	case len(args) == 2 && args[0] == "sign":
		err = signText(os.Stdin, args[1])
	default:
		err = errors.New("usage: judge log DIR VKEY... | proof < cases | note VKEY... < note | sign SKEY < text")
	}
	if err != nil {
		fmt.Printf("refused: %v\n", err)
		os.Exit(1)
	}
}

// A treeLog is a log in a directory: its checkpoint, and its tiles as they were read.
type treeLog struct {
	dir    string
	origin string
	size   int64
	root   tlog.Hash
	tiles  map[string][]byte
}

func judgeLog(dir string, vkeys []string) error {
	log := &treeLog{dir: dir, tiles: map[string][]byte{}}
	if err := log.readCheckpoint(vkeys); err != nil {
		return err
	}
	fmt.Printf("checkpoint: %d entries of %s\n", log.size, log.origin)
	stored, err := log.hashEntries()
	if err != nil {
		return err
	}
	fmt.Printf("entries: %d read\n", log.size)
	if err := log.compareTiles(stored); err != nil {
		return err
	}
	fmt.Printf("tiles: %d agree\n", len(log.tiles))
	if err := log.compareRoot(); err != nil {
		return err
	}
	fmt.Println("root: agrees")
	proofs, err := log.proveEntries(stored)
	if err != nil {
		return err
	}
	fmt.Printf("proofs: %d hold\n", proofs)
	return nil
}

func (log *treeLog) readCheckpoint(vkeys []string) error {
	msg, err := os.ReadFile(filepath.Join(log.dir, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := open(msg, vkeys)
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return errors.New("a checkpoint has three lines")
	}
	log.origin = lines[0]
	if signer := opened.Sigs[0].Name; signer != log.origin {
		return fmt.Errorf("%s has signed a checkpoint of %s", signer, log.origin)
	}
	log.size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || log.size < 0 || strconv.FormatInt(log.size, 10) != lines[1] {
		return fmt.Errorf("%q is no size", lines[1])
	}
	log.root, err = tlog.ParseHash(lines[2])
	return err
}

// tilePath is where C2SP's tlog-tiles puts a tile; Tile.Path of x/mod has another layout.
func tilePath(level string, index, n int64) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	path = "tile/" + level + "/" + path
	if n < width {
		path += fmt.Sprintf(".p/%d", n)
	}
	return path
}

// eachTile calls f with every tile over count hashes or entries.
func eachTile(level string, count int64, f func(path string, first, n int64) error) error {
	for first := int64(0); first < count; first += width {
		n := count - first
		if n > width {
			n = width
		}
		if err := f(tilePath(level, first/width, n), first, n); err != nil {
			return err
		}
	}
	return nil
}

// hashEntries reads every entry, and returns the hashes of all whole subtrees over them.
func (log *treeLog) hashEntries() (hashes, error) {
	var stored hashes
	err := eachTile("entries", log.size, func(path string, first, n int64) error {
		bundle, err := os.ReadFile(filepath.Join(log.dir, path))
		if err != nil {
			return err
		}
		for i := first; i < first+n; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s ends within entry %d", path, i)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			more, err := tlog.StoredHashesForRecordHash(i, tlog.RecordHash(bundle[2:end]), stored)
			if err != nil {
				return err
			}
			stored = append(stored, more...)
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%s goes on after its entries", path)
		}
		return nil
	})
	return stored, err
}

// compareTiles reads every tile, and compares it with hashes over the entries.
func (log *treeLog) compareTiles(stored hashes) error {
	for level := 0; log.size>>(height*level) > 0; level++ {
		err := eachTile(strconv.Itoa(level), log.size>>(height*level), func(path string, first, n int64) error {
			tile, err := os.ReadFile(filepath.Join(log.dir, path))
			if err != nil {
				return err
			}
			if int64(len(tile)) != n*tlog.HashSize {
				return fmt.Errorf("%s has %d bytes", path, len(tile))
			}
			for i := int64(0); i < n; i++ {
				want := stored[tlog.StoredHashIndex(height*level, first+i)]
				if !bytes.Equal(tile[i*tlog.HashSize:(i+1)*tlog.HashSize], want[:]) {
					return fmt.Errorf("%s has another hash %d than the entries", path, i)
				}
			}
			log.tiles[path] = tile
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (log *treeLog) compareRoot() error {
	root, err := tlog.TreeHash(log.size, log)
	if err != nil {
		return err
	}
	if log.size == 0 {
		// RFC 6962 has a root for no entries, which x/mod leaves out.
		root = sha256.Sum256(nil)
	}
	if root != log.root {
		return fmt.Errorf("the root is %v, and the checkpoint says %v", root, log.root)
	}
	return nil
}

// proveEntries makes proofs from the tiles, checks them, and returns how many.
func (log *treeLog) proveEntries(stored hashes) (int, error) {
	proofs := 0
	for i := int64(0); i < log.size; i += log.size/proofsMax + 1 {
		proof, err := tlog.ProveRecord(log.size, i, log)
		if err != nil {
			return proofs, err
		}
		leaf := stored[tlog.StoredHashIndex(0, i)]
		if err := tlog.CheckRecord(proof, log.size, log.root, i, leaf); err != nil {
			return proofs, fmt.Errorf("entry %d: %v", i, err)
		}
		proofs++
	}
	return proofs, nil
}

// ReadHashes makes a treeLog a tlog.HashReader that knows nothing but the tiles.
func (log *treeLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		hash, err := log.readHash(level, n)
		if err != nil {
			return nil, err
		}
		read = append(read, hash)
	}
	return read, nil
}

func (log *treeLog) readHash(level int, n int64) (tlog.Hash, error) {
	var hash tlog.Hash
	if level%height == 0 {
		last := log.size>>level - n/width*width
		if last > width {
			last = width
		}
		path := tilePath(strconv.Itoa(level/height), n/width, last)
		tile := log.tiles[path]
		if copy(hash[:], tile[n%width*tlog.HashSize:]) < tlog.HashSize {
			return hash, fmt.Errorf("no hash %d in %s", n%width, path)
		}
		return hash, nil
	}
	left, err := log.readHash(level-1, 2*n)
	if err != nil {
		return hash, err
	}
	right, err := log.readHash(level-1, 2*n+1)
	return tlog.NodeHash(left, right), err
}

// Hashes of whole subtrees, at their tlog.StoredHashIndex.
type hashes []tlog.Hash

func (stored hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var read []tlog.Hash
	for _, index := range indexes {
		read = append(read, stored[index])
	}
	return read, nil
}

// A proofCase is a proof of either kind, and what it is to show.
type proofCase struct {
	Kind string
	Path []tlog.Hash
	// Of an inclusion proof.
	Index, Size int64
	Leaf, Root  tlog.Hash
	// Of a consistency proof.
	From, To struct {
		Size int64
		Root tlog.Hash
	}
}

func judgeProofs(input io.Reader) error {
	lines := bufio.NewScanner(input)
	for lines.Scan() {
		if err := judgeProof(lines.Bytes()); err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
	return lines.Err()
}

func judgeProof(line []byte) error {
	var c proofCase
	if err := json.Unmarshal(line, &c); err != nil {
		return err
	}
	switch c.Kind {
	case "inclusion":
		return tlog.CheckRecord(c.Path, c.Size, c.Root, c.Index, c.Leaf)
	case "consistency":
		return tlog.CheckTree(c.Path, c.To.Size, c.To.Root, c.From.Size, c.From.Root)
	}
	return fmt.Errorf("no kind of proof: %q", c.Kind)
}

func openNote(input io.Reader, vkeys []string) error {
	msg, err := io.ReadAll(input)
	if err != nil {
		return err
	}
	opened, err := open(msg, vkeys)
	if err != nil {
		return err
	}
	fmt.Print(opened.Text)
	return nil
}

func open(msg []byte, vkeys []string) (*note.Note, error) {
	var verifiers []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, verifier)
	}
	return note.Open(msg, note.VerifierList(verifiers...))
}

func signText(input io.Reader, skey string) error {
	text, err := io.ReadAll(input)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	msg, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	fmt.Print(string(msg))
	return nil
}
