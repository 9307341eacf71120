/** How the report looks: light and dark, one column, no fonts or scripts from elsewhere. */
export const style = `
:root{--ink:#16202e;--soft:#5d6b7e;--line:#e3e8ef;--paper:#fff;--card:#f6f8fb;--blue:#2563eb;--grey:#a9b4c2;
--in:#2563eb;--out:#0d9488;--p50:#0d9488;--p99:#2563eb;--p999:#9333ea;--limit:#dc2626}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf4;--soft:#93a1b5;--line:#2a3444;--paper:#10161f;--card:#18202c;
--blue:#60a5fa;--grey:#53617a;--in:#60a5fa;--out:#2dd4bf;--p50:#2dd4bf;--p99:#60a5fa;--p999:#c084fc;--limit:#f87171}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:900px;margin:0 auto;padding:40px 20px}h1{font-size:30px;margin:0 0 4px;letter-spacing:-.02em}
h2{font-size:19px;margin:0 0 4px}p{margin:0 0 10px;color:var(--soft)}.where,.note,footer{font-size:13px}
section{margin:40px 0}header p{margin:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:28px 0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tiles b{display:block;font-size:25px;letter-spacing:-.02em}.tiles span{color:var(--soft);font-size:13px}
svg{width:100%;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
svg .tick{font-size:11px;fill:var(--soft)}svg .strong{font-weight:600}svg .value{font-weight:600;font-size:13px}
svg .grid{stroke:var(--line)}svg .limit{stroke:var(--limit);stroke-dasharray:5 4}svg .limit-text{fill:var(--limit);font-size:11px}
svg rect.ours{fill:var(--blue)}svg rect.theirs{fill:var(--grey)}svg rect.in{fill:var(--in)}svg rect.out{fill:var(--out)}
svg .curve{fill:none;stroke-width:2}svg .p50{stroke:var(--p50)}svg .p99{stroke:var(--p99)}svg .p999{stroke:var(--p999)}
svg circle.p50{fill:var(--p50)}svg circle.p99{fill:var(--p99)}svg circle.p999{fill:var(--p999)}svg circle.failed{fill:var(--paper);stroke-width:2}
svg text.name{stroke:none;font-weight:600;font-size:12px}svg text.p50{fill:var(--p50)}svg text.p99{fill:var(--p99)}svg text.p999{fill:var(--p999)}
i.in,i.out{font-style:normal;font-weight:600}i.in{color:var(--in)}i.out{color:var(--out)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th{text-align:right;color:var(--soft);font-weight:500}td,th{padding:6px 7px;border-bottom:1px solid var(--line);white-space:nowrap;text-align:right}
td:first-child,th:first-child{text-align:left;padding-left:0}footer{color:var(--soft);border-top:1px solid var(--line);padding-top:14px}
`;
