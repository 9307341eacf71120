/** What a command needs of the process around it, so that tests can stand in for a terminal. */
export type Terminal = {
  /** Results, to standard output. Lines bring their own line end. */
  readonly write: (text: string) => void;
  /** Progress, notes and errors, to standard error. */
  readonly writeError: (text: string) => void;
  /** Whether a person reads standard error as it comes. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** The terminal, or the pipes, of this process. */
export function processTerminal(): Terminal {
  // The reader of a pipe may leave early, as `head` does: that is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY,
    env: process.env,
  };
}

/** Tells what is going on: in one line that rewrites itself where a person looks, else in lines. */
export function createProgress({ writeError, isInteractive }: Terminal): {
  readonly show: (text: string) => void;
  readonly done: () => void;
} {
  if (!isInteractive) {
    let shown = "";
    const show = (text: string) => {
      // "prompts of x: 3 of 16": once a phase is enough for a file.
      const phase = text.replace(/:.*/s, "");
      if (phase !== shown) writeError(`${phase} …\n`);
      shown = phase;
    };
    return { show, done: () => undefined };
  }
  return {
    show: (text) => writeError(`\r\u001b[K${text} …`),
    done: () => writeError("\r\u001b[K"),
  };
}
