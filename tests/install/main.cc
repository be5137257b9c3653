// A user's program: judges an empty run with the installed library, and says how many rules it knows.
// SPDX-License-Identifier: MIT
#include <cstdio>

#include "harness/judge/rule.h"
#include "harness/judge/verdict.h"

int main() {
  const selfconnect::Judgement judgement = selfconnect::judge(selfconnect::Run{}, {});
  std::printf("%zu rules\n", judgement.rules.size());
  const bool all_answered = judgement.rules.size() == selfconnect::all_rules().size();
  return all_answered && !judgement.rules.empty() ? 0 : 1;
}
