/**
 * What others publish of what a call costs them, on machines of their own: their figures, not ours.
 * None of these systems was run here.
 */
export type Rival = {
  readonly name: string;
  readonly coresPerCall: number;
  readonly what: string;
  readonly source: string;
};

export const rivals: readonly Rival[] = [
  {
    name: "LiveKit Agents",
    coresPerCall: 0.11,
    what: "voice agent; 3.1 sessions per vCPU",
    source: "jambonz's benchmark of August 2026, c7g instances",
  },
  {
    name: "jambonz",
    coresPerCall: 0.014,
    what: "voice agent; 250 sessions on c7g.2xlarge",
    source: "jambonz's own benchmark, August 2026",
  },
  {
    name: "siphon-ai",
    coresPerCall: 0.0052,
    what: "media leg only",
    source: "siphon-ai's own load tests",
  },
  {
    name: "VoiceBlender",
    coresPerCall: 0.0045,
    what: "voice agent; 1200 sessions, Zen 4 at 4.9 GHz",
    source: "VoiceBlender's BENCHMARK.md",
  },
];
