# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# All of the library, in order.
# shellcheck source=lab/lib/common.sh
. "$ROOT/lab/lib/common.sh"
# shellcheck source=lab/lib/packages.sh
. "$ROOT/lab/lib/packages.sh"
# shellcheck source=lab/lib/source.sh
. "$ROOT/lab/lib/source.sh"
# shellcheck source=lab/lib/tree.sh
. "$ROOT/lab/lib/tree.sh"
# shellcheck source=lab/lib/port.sh
. "$ROOT/lab/lib/port.sh"
# shellcheck source=lab/lib/kernel.sh
. "$ROOT/lab/lib/kernel.sh"
# shellcheck source=lab/lib/root.sh
. "$ROOT/lab/lib/root.sh"
# shellcheck source=lab/lib/guest.sh
. "$ROOT/lab/lib/guest.sh"
# shellcheck source=lab/lib/uml.sh
. "$ROOT/lab/lib/uml.sh"
# shellcheck source=lab/lib/selftests.sh
. "$ROOT/lab/lib/selftests.sh"
# shellcheck source=lab/lib/series.sh
. "$ROOT/lab/lib/series.sh"
# shellcheck source=lab/lib/figures.sh
. "$ROOT/lab/lib/figures.sh"
# shellcheck source=lab/lib/mails.sh
. "$ROOT/lab/lib/mails.sh"
# shellcheck source=lab/lib/conform.sh
. "$ROOT/lab/lib/conform.sh"
# shellcheck source=lab/lib/kunit.sh
. "$ROOT/lab/lib/kunit.sh"
# shellcheck source=lab/lib/mutants.sh
. "$ROOT/lab/lib/mutants.sh"
# shellcheck source=lab/lib/bench.sh
. "$ROOT/lab/lib/bench.sh"
# shellcheck source=lab/lib/stress.sh
. "$ROOT/lab/lib/stress.sh"
# shellcheck source=lab/lib/surface.sh
. "$ROOT/lab/lib/surface.sh"
# shellcheck source=lab/lib/coverage.sh
. "$ROOT/lab/lib/coverage.sh"
# shellcheck source=lab/lib/races.sh
. "$ROOT/lab/lib/races.sh"
# shellcheck source=lab/lib/arch.sh
. "$ROOT/lab/lib/arch.sh"
# shellcheck source=lab/lib/warnings.sh
. "$ROOT/lab/lib/warnings.sh"
# shellcheck source=lab/lib/bisect.sh
. "$ROOT/lab/lib/bisect.sh"
# shellcheck source=lab/lib/deb.sh
. "$ROOT/lab/lib/deb.sh"
