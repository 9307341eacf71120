/** The few shapes that the report's charts are made of. Pure: numbers in, SVG text out. */

export type Scale = { readonly at: (value: number) => number; readonly ticks: readonly number[] };

/** Values to positions, by their logarithm; a tick at each power of ten, and at 2 and 5 between. */
export function logScale(
  domain: readonly [number, number],
  range: readonly [number, number],
): Scale {
  const [low, high] = [Math.log10(domain[0]), Math.log10(domain[1])];
  const at = (value: number): number => {
    const share = (Math.log10(Math.max(value, domain[0])) - low) / (high - low);
    return range[0] + Math.min(1, share) * (range[1] - range[0]);
  };
  const ticks: number[] = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of high - low > 2.2 ? [1] : [1, 2, 5]) {
      const value = step * 10 ** power;
      if (value >= domain[0] * 0.999 && value <= domain[1] * 1.001) ticks.push(value);
    }
  }
  return { at, ticks };
}

export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  count = 5,
): Scale {
  const span = domain[1] - domain[0] || 1;
  const at = (value: number): number =>
    range[0] + ((value - domain[0]) / span) * (range[1] - range[0]);
  const step = niceStep(span / count);
  const ticks: number[] = [];
  for (
    let value = Math.ceil(domain[0] / step) * step;
    value <= domain[1] + step / 1e6;
    value += step
  ) {
    ticks.push(Number(value.toPrecision(12)));
  }
  return { at, ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((one) => one * power >= rough) ?? 10;
  return factor * power;
}

export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export function text(
  x: number,
  y: number,
  content: string,
  options: { readonly anchor?: "start" | "middle" | "end"; readonly kind?: string } = {},
): string {
  const { anchor = "start", kind = "label" } = options;
  return `<text x="${fix(x)}" y="${fix(y)}" text-anchor="${anchor}" class="${kind}">${escape(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  return `<line x1="${fix(x1)}" y1="${fix(y1)}" x2="${fix(x2)}" y2="${fix(y2)}" class="${kind}"/>`;
}

export function bar(x: number, y: number, width: number, height: number, kind: string): string {
  const w = Math.max(1, width);
  return `<rect x="${fix(x)}" y="${fix(y)}" width="${fix(w)}" height="${fix(height)}" rx="3" class="${kind}"/>`;
}

export function path(points: readonly (readonly [number, number])[], kind: string): string {
  const commands = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${fix(x)} ${fix(y)}`);
  return `<path d="${commands.join("")}" class="${kind}"/>`;
}

export function dot(x: number, y: number, kind: string, title: string): string {
  return `<circle cx="${fix(x)}" cy="${fix(y)}" r="4" class="${kind}"><title>${escape(title)}</title></circle>`;
}

export function chart(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">` +
    `${parts.join("")}</svg>`
  );
}

const fix = (value: number): string => String(Math.round(value * 10) / 10);
