#!/bin/bash
# test-completion: what bash offers after eshi-cli is what the program's help names.
#
#   test-completion.sh COMPLETION PROGRAM
#
# SPDX-License-Identifier: MIT

set -u

# shellcheck source=data/completion/eshi-cli
. "$1"
program=$2
failed=0
n_tests=0

# offers NAME WORDS-BEFORE WORD EXPECTED
offers ()
{
  n_tests=$((n_tests + 1))
  # shellcheck disable=SC2206  # words are what is meant
  COMP_WORDS=("$program" $2 "$3")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _eshi_cli
  if [ "${COMPREPLY[*]}" = "$4" ]; then
    echo "ok $n_tests $1"
  else
    echo "not ok $n_tests $1"
    echo "# offered '${COMPREPLY[*]}' instead of '$4'"
    failed=1
  fi
}

offers /eshi/completion/command '' gen generate
offers /eshi/completion/commands-with-one-letter '' t tokenize
offers /eshi/completion/option generate --negat --negative
offers /eshi/completion/option-with-a-letter generate --prompt '--prompt --prompts'
offers /eshi/completion/subcommand-of-history history re rerun
offers /eshi/completion/import-of-history history im import
offers /eshi/completion/subcommand-of-models models ver verify
offers /eshi/completion/option-of-a-subcommand 'models download' --acc --accept-license
offers /eshi/completion/option-beside-subcommands models --add --add-folder
offers /eshi/completion/nothing-unknown '' zzz ''
offers /eshi/completion/files-are-left-to-bash generate pic ''
echo "1..$n_tests"
exit $failed
