package cli

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// resetPeak makes the process's highest memory its memory now. Where the system
// does not allow it, the highest so far stays.
func resetPeak() {
	// 5 resets VmHWM: see proc(5), /proc/pid/clear_refs.
	f, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString("5")
}

// peakSinceReset returns the most memory that the process has held since
// resetPeak.
func peakSinceReset() int64 {
	if n := procField("/proc/self/status", "VmHWM:"); n > 0 {
		return n
	}
	return int64(peakBytes())
}

// machineMemory returns how much memory the process may use in all, and how much
// of it is free now: the machine's, or its control group's where that is less.
func machineMemory() (total, available int64) {
	total, available = procField("/proc/meminfo", "MemTotal:"), procField("/proc/meminfo", "MemAvailable:")
	limit, used := groupMemory()
	if limit > 0 && limit < total {
		total, available = limit, min(available, max(limit-used, 0))
	}
	return total, available
}

// procField reads "Name:   123 kB" in bytes; 0 where there is none.
func procField(path, name string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == name {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// groupMemory returns the limit and the use of the process's control group, of
// either version; 0 for no limit.
func groupMemory() (limit, used int64) {
	for _, files := range [][2]string{
		{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
		{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
	} {
		if l, ok := readInt(files[0]); ok {
			u, _ := readInt(files[1])
			return l, u
		}
	}
	return 0, 0
}

// readInt reads a file of one number; false for another word, such as max.
func readInt(path string) (int64, bool) {
	data, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	return n, err == nil
}
