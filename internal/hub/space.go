package hub

import "golang.org/x/sys/unix"

// freeSpace returns the bytes that an unprivileged user may still write to the
// folder's file system; ok is false where it does not say.
func freeSpace(dir string) (n uint64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil || st.Bsize <= 0 {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
