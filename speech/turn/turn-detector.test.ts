/**
 * Scripts of VAD decisions, one character a frame of 20 ms: `#` speech, `.` silence, `#10` ten of
 * them. Between frames: `<` interruptible playback, `[` protected playback, `>` playback stops,
 * `C` a partial that is surely whole, `A` one that could be all, `u` an unfinished one, `p` one of
 * unknown words; `D` digits are awaited, `F` anything, `Q` one of some phrases; `R` reset.
 */
import { describe, expect, it } from "vitest";
import { createTurnDetector, type TurnDetector } from "./turn-detector.js";
import type { OverlapVerdict, TurnSink } from "./turn-events.js";
import type { TurnTuning } from "./turn-tuning.js";

const frameMs = 20;

function loggingSink(log: string[]): TurnSink {
  return {
    speechStarted: (e) => log.push(`start ${e.turnId} from ${e.onsetMs}`),
    bargeInConfirmed: (e) => log.push(`confirm ${e.turnId} from ${e.onsetMs} at ${e.atMs}`),
    bargeInRejected: (e) => log.push(`reject ${e.turnId}`),
    turnEnded: (e) => log.push(`end ${e.turnId} ${e.reason} ${e.speechEndMs} at ${e.atMs}`),
    turnReopened: (e) => log.push(`reopen ${e.turnId} from ${e.onsetMs}`),
  };
}

const controls: Readonly<Record<string, (detector: TurnDetector) => void>> = {
  "<": (detector) => detector.playback({ isPlaying: true, isInterruptible: true }),
  "[": (detector) => detector.playback({ isPlaying: true, isInterruptible: false }),
  ">": (detector) => detector.playback({ isPlaying: false, isInterruptible: false }),
  C: (detector) => detector.partial({ standing: "whole" }),
  A: (detector) => detector.partial({ standing: "answer" }),
  u: (detector) => detector.partial({ standing: "unfinished" }),
  F: (detector) => detector.expect({ kind: "free" }),
  Q: (detector) => detector.expect({ kind: "choice" }),
  p: (detector) => detector.partial({ standing: "unknown" }),
  D: (detector) => detector.expect({ kind: "digits" }),
  R: (detector) => detector.reset(),
};

function play(detector: TurnDetector, script: string): void {
  for (const [, symbol, count] of script.matchAll(/([^\s\d])(\d*)/g)) {
    const control = controls[symbol!];
    if (control !== undefined) control(detector);
    else {
      for (let left = Number(count || 1); left > 0; left--) detector.frame(symbol === "#", frameMs);
    }
  }
}

/** Durations that the scripts are written for. */
const quick = {
  completeSilenceMs: 160,
  addedSilenceMs: 160,
  silenceMs: 440,
  digitsSilenceMs: 800,
  freeSilenceMs: 920,
  unfinishedSilenceMs: 900,
  bargeInSpeechMs: 200,
  bargeInSureMs: 200,
  bargeInWindowMs: 300,
  shortSilenceMs: 300,
};

function run(script: string, tuning: Partial<TurnTuning> = {}): string[] {
  const log: string[] = [];
  play(createTurnDetector({ sink: loggingSink(log), tuning: { ...quick, ...tuning } }), script);
  return log;
}

describe("the start of a turn", () => {
  it("is the first frame of the speech that proved to be speech", () => {
    expect(run(".10 ###")).toEqual(["start 1 from 200"]);
  });
  it("waits for three frames of speech", () => {
    expect(run(".10 ##")).toEqual([]);
  });
  it("is not made by clicks, however many", () => {
    expect(run("#.4 ".repeat(50))).toEqual([]);
    expect(run("##.7 ".repeat(50))).toEqual([]);
  });
  it("is found in speech with holes", () => {
    expect(run(".10 #..#..#")).toEqual(["start 1 from 200"]);
  });
  it("is not dated back to a noise that silence cut off", () => {
    expect(run(".10 # .8 ###")).toEqual(["start 1 from 380"]);
  });
});

describe("the end of a turn", () => {
  it("comes after 440 ms of silence", () => {
    expect(run("#10 .21")).toEqual(["start 1 from 0"]);
    expect(run("#10 .22")).toEqual(["start 1 from 0", "end 1 silence 200 at 640"]);
  });
  it("comes after 160 ms of silence when the phrase is complete", () => {
    expect(run("#10 C .8")).toEqual(["start 1 from 0", "end 1 complete 200 at 360"]);
  });
  it("waits until the phrase was stable for 100 ms", () => {
    expect(run("#10 .7 C .4")).toEqual(["start 1 from 0"]);
    expect(run("#10 .7 C .5").at(-1)).toBe("end 1 complete 200 at 440");
    expect(run("#10 .7 C .4 C .5").at(-1)).toBe("end 1 complete 200 at 520");
  });
  it("does not come early when the newest partial is no longer complete", () => {
    expect(run("#10 C #3 p .21")).toEqual(["start 1 from 0"]);
  });
  it("does not come early on a phrase that was complete before a pause in speech", () => {
    expect(run("#10 C .7 #10 .8").at(-1)).toBe("end 1 complete 540 at 700");
    expect(run("#10 p .15 C .1 #10 .21")).toEqual(["start 1 from 0"]);
  });
  it("comes after 800 ms where digits are awaited, sooner when they are complete", () => {
    expect(run("D #10 .39")).toEqual(["start 1 from 0"]);
    expect(run("D #10 .40").at(-1)).toBe("end 1 silence 200 at 1000");
    expect(run("D #10 C .8").at(-1)).toBe("end 1 complete 200 at 360");
  });
  it("waits for the rest of what has begun, and for whoever thinks", () => {
    expect(run("#10 u .44")).toEqual(["start 1 from 0"]);
    expect(run("#10 u .45").at(-1)).toBe("end 1 silence 200 at 1100");
    expect(run("D #10 u .45").at(-1)).toBe("end 1 silence 200 at 1100");
  });
  it("waits longer where anything may be said", () => {
    expect(run("F #10 .45")).toEqual(["start 1 from 0"]);
    expect(run("F #10 .46").at(-1)).toBe("end 1 silence 200 at 1120");
  });
  it("comes soon behind what was added to a whole answer", () => {
    expect(run("Q #10 A .15 #10 p .8").at(-1)).toBe("end 1 complete 700 at 860");
    expect(run("Q #10 p .15 #10 p .8")).toEqual(["start 1 from 0"]);
    expect(run("Q #10 p .15 #10 A .8").at(-1)).toBe("end 1 complete 700 at 860");
    expect(run("Q #10 A .15 #10 u .30")).toEqual(["start 1 from 0"]);
  });
  it("comes soon behind an answer that was thought about", () => {
    expect(run("Q #10 u .15 #10 A .8").at(-1)).toBe("end 1 complete 700 at 860");
    expect(run("Q #10 u .15 #10 p .8")).toEqual(["start 1 from 0"]);
  });
  it("is not put off by clicks in the silence", () => {
    expect(run("#10 .9 #.9 #. . .").at(-1)).toBe("end 1 silence 200 at 640");
  });
  it("is put off by one frame when something is heard at its very moment", () => {
    expect(run("#10 .21 #.").at(-1)).toBe("end 1 silence 200 at 660");
    expect(run("#10 .21 ##.21")).toEqual(["start 1 from 0"]);
  });
  it("comes after 15 s of talking, and then a pause is due", () => {
    const talking = run("#750");
    expect(talking).toEqual(["start 1 from 0", "end 1 tooLong 15000 at 15000"]);
    expect(run("#1500 .14 #50")).toEqual(talking);
    expect(run("#1500 .15 #3").at(-1)).toBe("start 2 from 30300");
  });
  it("is not decided by a partial that comes after it", () => {
    expect(run("#10 .22 C .40 #10 .21").at(-1)).toBe("start 2 from 1440");
  });
  it("is not decided by the phrase that completed the turn before", () => {
    expect(run("#10 C .60 #10 .21").at(-1)).toBe("start 2 from 1400");
    expect(run("#10 C .8 #10 .21").at(-1)).toBe("reopen 1 from 360");
  });
  it("is not decided by a partial of another turn", () => {
    const log: string[] = [];
    const detector = createTurnDetector({ sink: loggingSink(log) });
    play(detector, "#10");
    detector.partial({ standing: "whole", turnId: 7 });
    play(detector, ".21");
    expect(log).toEqual(["start 1 from 0"]);
  });
});

describe("the revocation of an end", () => {
  const ended = "#10 C .8";
  it("reopens the turn when speech resumes within 700 ms, and ends it again", () => {
    expect(run(`${ended} .10 #10 .22`).slice(2)).toEqual([
      "reopen 1 from 560",
      "end 1 silence 760 at 1200",
    ]);
  });
  it("reopens it also when the answer has begun to play, and confirms no barge-in", () => {
    expect(run(`${ended} < .10 #30`).slice(2)).toEqual(["reopen 1 from 560"]);
  });
  it("holds for speech that begins in the last moment of the time", () => {
    expect(run(`${ended} .35 #10`).at(-1)).toBe("reopen 1 from 1060");
    expect(run(`${ended} .36 #10`).at(-1)).toBe("start 2 from 1080");
  });
  it("makes later speech during playback an interruption", () => {
    expect(run(`${ended} < .36 #10`).slice(2)).toEqual([
      "start 2 from 1080",
      "confirm 2 from 1080 at 1280",
    ]);
  });
  it("needs more speech than a lip smack", () => {
    expect(run(`${ended} < .5 #4 .100`)).toHaveLength(2);
  });
  it("is over once protected playback began", () => {
    expect(run(`${ended} [ .5 > .5 #10`).at(-1)).toBe("start 2 from 560");
  });
  it("is over after a turn that was too long", () => {
    expect(run("#750 .15 #10").at(-1)).toBe("start 2 from 15300");
  });
  it("is over when the turn would be too long with what follows", () => {
    expect(run("#700 .22 .28 #10").at(-1)).toBe("start 2 from 15000");
  });
  it("gives the caller who was cut off more time in the same turn", () => {
    const reopened = `${ended} .5 #10 C`;
    expect(run(`${reopened} .15`)).toHaveLength(3);
    expect(run(`${reopened} .16`).at(-1)).toBe("end 1 complete 660 at 980");
  });
  it("can happen again and again, up to the longest turn", () => {
    const log = run(`${"#10 .22 ".repeat(40)}`);
    expect(log.filter((line) => line.startsWith("start"))).toHaveLength(2);
    expect(log.at(-1)).toMatch(/^end 2/);
  });
});

describe("barge-in", () => {
  it("is confirmed by 200 ms of speech, and the turn goes on as any other", () => {
    expect(run("< .10 #10 > #10 .22")).toEqual([
      "start 1 from 200",
      "confirm 1 from 200 at 400",
      "end 1 silence 600 at 1040",
    ]);
  });
  it("goes on as a turn also when playback is not stopped", () => {
    expect(run("< .10 #10 C .8").at(-1)).toBe("end 1 complete 400 at 560");
  });
  it("is rejected after a cough, and the next speech is another turn", () => {
    expect(run("< .10 #6 .15")).toEqual(["start 1 from 200", "reject 1"]);
    expect(run("< .10 #6 .15 #10").slice(2)).toEqual([
      "start 2 from 620",
      "confirm 2 from 620 at 820",
    ]);
  });
  it("is confirmed by two short words close together", () => {
    expect(run("< .10 #6 .4 #5").at(-1)).toBe("confirm 1 from 200 at 480");
  });
  it("does not end an unconfirmed turn, however complete the phrase", () => {
    expect(run("< .10 #6 C .14")).toEqual(["start 1 from 200"]);
  });
  it("is moot when playback ends first: the turn is a normal one", () => {
    expect(run("< .10 #6 .4 > .18").slice(1)).toEqual(["end 1 silence 320 at 760"]);
  });
  it("is confirmed at once when playback starts over a caller who talks", () => {
    expect(run("#20 < #").at(-1)).toBe("confirm 1 from 0 at 420");
  });
  it("is not confirmed when playback starts after the last word: the turn ends", () => {
    expect(run("#20 .2 < .20")).toEqual(["start 1 from 0", "end 1 silence 400 at 840"]);
  });
  it("is confirmed once a playback, and anew for the next one", () => {
    expect(run("< #10 #50").slice(1)).toEqual(["confirm 1 from 0 at 200"]);
    expect(run("< #10 > #5 < #10").slice(1)).toEqual([
      "confirm 1 from 0 at 200",
      "confirm 1 from 0 at 320",
    ]);
  });
  it("is not confirmed by endless crackle, and the turn does not last for ever", () => {
    const log = run(`< ### ${".6 ### ".repeat(100)}`);
    expect(log[1]).toBe("reject 1");
    expect(log.some((line) => line.startsWith("confirm"))).toBe(false);
  });
});

describe("what comes over our playback", () => {
  const slow = { ...quick, bargeInSpeechMs: 100, bargeInSureMs: 400, shortSilenceMs: 100 };
  const runOver = (script: string, verdict: OverlapVerdict): string[] => {
    const log: string[] = [];
    const sink = {
      ...loggingSink(log),
      bargeInSuspected: ({ turnId }: { turnId: number }) => void log.push(`wait ${turnId}`),
    };
    const tuning = { ...slow, bargeInLongMs: 800, againMsMax: 300, againSpeechMs: 60 };
    play(createTurnDetector({ sink, tuning, overlap: () => verdict }), script);
    return log;
  };
  it("makes us wait first, and is an interruption when it lasts", () => {
    expect(runOver("< .10 #30", "voice")).toEqual([
      "start 1 from 200",
      "wait 1",
      "confirm 1 from 200 at 600",
    ]);
  });
  it("is nothing when it is short, unless its words ask us to stop", () => {
    expect(runOver("< .10 #10 .5", "voice").slice(1)).toEqual(["wait 1", "reject 1"]);
    expect(runOver("< .10 #10 .5", "words").slice(1)).toEqual([
      "wait 1",
      "confirm 1 from 200 at 500",
    ]);
  });
  it("takes longer when it only shows that somebody listens", () => {
    expect(runOver("< .10 #40", "listening").at(-1)).toBe("confirm 1 from 200 at 1000");
  });
  it("never is one when it is nobody's voice, nor the answer when it outlasts our playback", () => {
    expect(runOver("< .10 #100 .20", "harmless")).toEqual(["start 1 from 200", "reject 1"]);
    expect(runOver("< .10 #20 > #10 .20", "harmless")).toEqual(["start 1 from 200", "reject 1"]);
  });
  it("is taken seriously sooner when they go on after it was thought to be nothing", () => {
    expect(runOver("< .10 #10 .8 #8", "voice").slice(3)).toEqual([
      "start 2 from 560",
      "confirm 2 from 560 at 620",
    ]);
  });
});

describe("protected playback", () => {
  it("hides what is said in it", () => {
    expect(run("[ #50 .20 > .50")).toEqual([]);
  });
  it("passes speech that goes on when it ends, from a pre-roll's length before", () => {
    expect(run("[ .10 #10 > #")).toEqual(["start 1 from 200"]);
    expect(run("[ .10 #100 > #")).toEqual(["start 1 from 1620"]);
  });
  it("passes speech that goes on into an interruptible prompt as barge-in", () => {
    expect(run("[ .10 #20 < #")).toEqual(["start 1 from 200", "confirm 1 from 200 at 620"]);
  });
  it("holds a turn that was open before, and lets it end afterwards", () => {
    expect(run("#10 [ .100 > .")).toEqual(["start 1 from 0", "end 1 silence 200 at 2220"]);
    expect(run("#10 [ #10 > #10 .22")).toEqual(["start 1 from 0", "end 1 silence 600 at 1040"]);
  });
  it("holds an unconfirmed interruption, which silence has rejected afterwards", () => {
    expect(run("< ### [ .100 > .")).toEqual(["start 1 from 0", "reject 1"]);
  });
  it("holds the end of a turn that grew too long in it", () => {
    expect(run("#10 [ #800 > #")).toEqual(["start 1 from 0", "end 1 tooLong 16220 at 16220"]);
  });
});

describe("the owner's hand", () => {
  it("forgets an open turn on reset and goes on counting ids and time", () => {
    expect(run("#10 R .50 #5")).toEqual(["start 1 from 0", "start 2 from 1200"]);
  });
  it("forgets a revocable end on reset", () => {
    expect(run("#10 .22 R ###").at(-1)).toBe("start 2 from 640");
  });
  it("goes on from the time and id of a call that was taken over", () => {
    const log: string[] = [];
    const options = { sink: loggingSink(log), startMs: 90_000, firstTurnId: 6 };
    play(createTurnDetector(options), "..###");
    expect(log).toEqual(["start 6 from 90040"]);
  });
  it("may stop playback, start the answer and reset from within an event", () => {
    const log: string[] = [];
    const sink: TurnSink = {
      ...loggingSink(log),
      bargeInConfirmed: () => detector.playback({ isPlaying: false, isInterruptible: true }),
      turnEnded: () => detector.playback({ isPlaying: true, isInterruptible: false }),
    };
    const detector = createTurnDetector({ sink, tuning: quick });
    play(detector, "< #20 .22 #50");
    expect(log).toEqual(["start 1 from 0"]);
    expect(detector.nowMs).toBe(1840);
  });
  it("is refused a frame from within an event, and survives it", () => {
    const log: string[] = [];
    const sink = { ...loggingSink(log), speechStarted: () => detector.frame(true, 20) };
    const detector = createTurnDetector({ sink });
    expect(() => play(detector, "###")).toThrow(
      expect.objectContaining({ code: "TURN_REENTERED" }) as Error,
    );
    play(detector, ".23");
    expect(log).toEqual(["end 1 silence 60 at 520"]);
  });
  it.each([0, -20, 5, 25, 130, NaN, Infinity])("is refused a frame of %d ms", (badMs) => {
    const detector = createTurnDetector({ sink: loggingSink([]) });
    expect(() => detector.frame(true, badMs)).toThrow(/multiple of 10 from 10 to 120/);
    expect(detector.nowMs).toBe(0);
  });
  it("is told all mistakes in the settings at once", () => {
    const tuning = { silenceMs: 445, revokeMs: -10, bargeInSpeechMs: 400, wordMs: 3 };
    expect(() => createTurnDetector({ sink: loggingSink([]), tuning })).toThrow(
      /silenceMs is 445.*revokeMs is -10.*wordMs is not.*bargeInSpeechMs is 400.*bargeInWindowMs/s,
    );
  });
});

it("allocates nothing per frame", () => {
  const detector = createTurnDetector({ sink: loggingSink([]) });
  const speak = (count: number) => {
    for (let index = 0; index < count; index++) {
      detector.frame(index % 4096 < 40, 20);
      if (index % 512 === 0) detector.partial(partial);
    }
  };
  const partial = { standing: "unknown" } as const;
  speak(400_000);
  const bytesPerFrame = Array.from({ length: 7 }, () => {
    const before = process.memoryUsage().heapUsed;
    speak(100_000);
    return (process.memoryUsage().heapUsed - before) / 100_000;
  }).sort((a, b) => a - b)[3];
  // One object a frame would be 16 bytes at the least.
  expect(bytesPerFrame).toBeLessThan(4);
});
