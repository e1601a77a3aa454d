# SPDX-License-Identifier: GPL-2.0
# uml.awk: what a UML printed, less what is never the same twice. Each
# replacement has its reason; a line that none of them knows must be equal.

# when it was printed
{ sub(/^\[ *[0-9]+\.[0-9]+\] /, "[TIME] ") }

# what an engine beside ptrace saw, where there are engines
/^@watched / { next }

# how fast the host is, and what was fastest on it
/Calibrating delay loop/ { sub(/[0-9.]+ BogoMIPS \(lpj=[0-9]+\)/, "BOGOMIPS") }
/MB\/s/ { sub(/ *[0-9]+ MB\/s(ec)?/, " SPEED") }
/raid6: using algorithm/ { sub(/algorithm [^ ]*/, "algorithm NAME") }
/xor: using function/ { sub(/function: [^ ]*/, "function: NAME") }

# how much is free, which in 7.3 varies by some pages from one boot to the next
/Linux version / { varies = /Linux version 7\./ }
varies && /Memory: [0-9]+K\// { sub(/Memory: [0-9]+K\//, "Memory: FREE/") }

# the date
/audit\([0-9.]+:/ { sub(/audit\([0-9.]+:/, "audit(TIME:") }

# a directory with a random name
/mconsole .* initialized on/ { sub(/\.uml\/[^\/]*\//, ".uml/NAME/") }

# a key for glibc's malloc; and strace itself, which is no tracee of its own
/^uml: strace / {
	sub(/getrandom\("[^"]*"/, "getrandom(BYTES")
	sub(/getppid\(\) *= [0-9]+$/, "getppid() = PID0")
}

# UML, sometimes, after its last word, in place of an empty line: see lab/guest/uml
halted && /^(Aborted( \(core dumped\))?)?$/ { next }
/reboot: (System halted|Power down)/ { halted = 1 }

{ print }
