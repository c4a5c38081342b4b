// Verifies a published log with Go's checksum-database packages: judge FOLDER VKEY OLDSIZE.
//
// It opens the signed checkpoint, proves every entry from the tiles, and proves that the tree of OLDSIZE entries is a
// prefix of it. The packages authenticate each tile that they read against the root.
package main

import (
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (folder) Height() int { return 8 }

// Their paths name the height of the tiles, those of C2SP do not; the rest is the same.
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var contents [][]byte
	for _, tile := range tiles {
		content, err := os.ReadFile(filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func entries(f folder, size int64) [][]byte {
	var found [][]byte
	for int64(len(found)) < size {
		width := size - int64(len(found))
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: -1, N: int64(len(found)) / 256, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		content := must(os.ReadFile(filepath.Join(string(f), path)))
		for len(content) > 0 {
			length := binary.BigEndian.Uint16(content)
			found = append(found, content[2:2+length])
			content = content[2+length:]
		}
	}
	return found
}

func main() {
	log.SetFlags(0)
	f := folder(os.Args[1])
	verifier := must(note.NewVerifier(os.Args[2]))
	old := must(strconv.ParseInt(os.Args[3], 10, 64))
	opened := must(note.Open(must(os.ReadFile(filepath.Join(string(f), "checkpoint"))), note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	size := must(strconv.ParseInt(lines[1], 10, 64))
	tree := tlog.Tree{N: size, Hash: must(tlog.ParseHash(lines[2]))}
	reader := tlog.TileHashReader(tree, f)
	for index, entry := range entries(f, size) {
		leaf := tlog.RecordHash(entry)
		proof := must(tlog.ProveRecord(size, int64(index), reader))
		if err := tlog.CheckRecord(proof, size, tree.Hash, int64(index), leaf); err != nil {
			log.Fatalf("entry %d: %v", index, err)
		}
	}
	oldRoot := must(tlog.TreeHash(old, reader))
	if err := tlog.CheckTree(must(tlog.ProveTree(size, old, reader)), size, tree.Hash, old, oldRoot); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s %d %s %s\n", lines[0], size, tree.Hash, oldRoot)
}
