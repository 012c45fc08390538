package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// plain returns the path of the file at a plain address, fetching it if need be.
// ref is what the user asked for. A file already there is taken if its sums
// agree, be it in the folder of another tool; without sums it is taken as it is.
func (c *Client) plain(ctx context.Context, ref, address string, sums []digest, size int64) (string, error) {
	if size == 0 {
		size = -1
	}
	if c.o.FilesDir == "" {
		return "", fmt.Errorf("%s: no folder for downloaded files; set HOME or XDG_CACHE_HOME", ref)
	}
	dest, err := c.plainPath(address)
	if err != nil {
		return "", &UsageError{Ref: ref, Reason: err.Error()}
	}
	found, err := c.plainLocal(dest, sums)
	if err != nil || found != "" {
		return found, err
	}
	remedy := fmt.Sprintf("fetch %s elsewhere and put it at %s", withoutQuery(address), dest)
	if c.o.Offline {
		return "", &OfflineError{What: ref, Remedy: remedy}
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o777); err != nil {
		return "", err
	}
	name := filepath.Base(dest)
	err = c.locked(ctx, dest+".lock", name, func() error {
		if found, err := c.plainLocal(dest, sums); err != nil || found == dest {
			return err // another process has fetched it meanwhile
		}
		err := c.transfer(ctx, transfer{
			name: name, url: address, part: dest + ".incomplete", size: size, sums: sums, noHTML: true,
			refused: func(resp *http.Response) error { return c.statusError(resp, "", "", name) },
		})
		if err != nil {
			return err
		}
		return os.Rename(dest+".incomplete", dest)
	})
	if unreachable(err) {
		err = fmt.Errorf("%w; without a network: %s", err, remedy)
	}
	if err != nil {
		return "", err
	}
	return dest, nil
}

// plainLocal looks for the file where it belongs, then where PyTorch and Keras
// keep theirs. A file with other content is passed over, to be fetched again,
// unless that is forbidden.
func (c *Client) plainLocal(dest string, sums []digest) (string, error) {
	candidates := []string{dest}
	if len(sums) > 0 {
		for _, dir := range c.o.Borrow {
			candidates = append(candidates, filepath.Join(dir, filepath.Base(dest)))
		}
	}
	for _, name := range candidates {
		if !isFile(name) {
			continue
		}
		err := verify(name, sums)
		var wrong *IntegrityError
		switch {
		case err == nil:
			return name, nil
		case errors.As(err, &wrong) && (name != dest || !c.o.Offline):
			c.log.Warn("a file is not what it should be", "err", wrong)
		default:
			return "", err
		}
	}
	return "", nil
}

// plainPath mirrors the address in a folder.
func (c *Client) plainPath(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	file := path.Clean("/" + u.Path)
	host := strings.NewReplacer(":", "_", "[", "_", "]", "_").Replace(u.Host)
	if file == "/" || !safeName(host) || strings.ContainsRune(file, 0) {
		return "", errors.New("the address names no file")
	}
	if u.RawQuery != "" {
		sum := sha256.Sum256([]byte(u.RawQuery))
		ext := path.Ext(file)
		file = strings.TrimSuffix(file, ext) + "-" + hex.EncodeToString(sum[:4]) + ext
	}
	return filepath.Join(c.o.FilesDir, host, filepath.FromSlash(file)), nil
}
