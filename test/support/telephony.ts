/** Whether the rig is wanted: it downloads 130 MB once. Says loudly when it is left out. */
export function isTelephonyWanted(): boolean {
  const isWanted = (process.env["VOXTREE_REQUIRE"] ?? "").includes("telephony");
  if (!isWanted) {
    process.stderr.write("SKIPPED: calls through a real Asterisk; VOXTREE_REQUIRE=telephony\n");
  }
  return isWanted;
}
