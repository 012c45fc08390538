package wordpiece

// room returns how many of n tokens are kept where maxLen leaves room for those
// beside the special ones; maxLen 0 leaves room for all.
func room(n, maxLen, special int) int {
	if maxLen <= 0 {
		return n
	}
	return min(n, max(maxLen-special, 0))
}

// longestFirst returns how many tokens of each text are kept: the longer is cut
// until both are of one length, then both are cut alike. One that is left over
// by an odd length goes to the text that was longer, to b where both were equal.
func longestFirst(a, b, maxLen, special int) (keepA, keepB int) {
	if maxLen <= 0 {
		return a, b
	}
	total := max(maxLen-special, 0)
	if a+b <= total {
		return a, b
	}
	short := min(a, b)
	short = min(short, total/2)
	long := total - short
	if a > b {
		return long, short
	}
	return short, long
}
