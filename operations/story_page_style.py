"""How a story's page looks."""

__all__ = ["STYLE"]

STYLE = """\
.soft, .when, .why, .caption, dt { color: var(--soft); }
.skip { position: absolute; left: 1rem; top: -10rem; background: var(--ground); color: var(--calm);
  padding: .5rem; }
.skip:focus { top: .5rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .5rem; font-size: .875rem;
  color: var(--soft); }
.note { border-left: 3px solid var(--open); padding-left: .75rem; }
.note.good { border-color: var(--good); }
.left { border-left: 3px solid var(--bad); padding-left: .75rem; }
dl { margin: .5rem 0; display: grid; grid-template-columns: minmax(6rem, 9rem) 1fr; gap: .25rem 1rem; }
dt { font-size: .875rem; padding-top: .1rem; }
dd { margin: 0; min-width: 0; }
dd > dl { margin: 0; }
.words, dd dl dd { white-space: pre-wrap; }
.cards { grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; margin-bottom: 1.25rem; }
.cards > div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
  padding: .7rem .9rem; }
.cards dd { display: grid; }
.cards strong { font-size: 1.15rem; font-variant-numeric: tabular-nums; }
.cards dd span { font-size: .875rem; }
.caption { font-size: .875rem; margin-top: .5rem; }
.narrow { display: none; }
.legend { list-style: none; padding: 0; margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem;
  font-size: .875rem; }
h3 .soft { font-weight: 400; font-size: .875rem; }
.items { list-style: none; margin: 0; padding: 0; }
.items > li { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0 1rem; padding: .4rem 0;
  border-top: 1px solid var(--line); }
.when { font-size: .875rem; padding-top: .1rem; font-variant-numeric: tabular-nums; }
.what > p { margin: 0; }
.why { display: block; font-size: .9375rem; }
summary { cursor: pointer; padding: 0 .25rem; margin-left: -.25rem; }
summary::marker { color: var(--soft); }
details[open] > summary { margin-bottom: .5rem; }
details > dl, details > table { background: var(--panel); border-radius: 8px; padding: .75rem .9rem; }
details > table { border-spacing: 0; border-collapse: separate; }
details td:nth-child(1) { min-width: 0; }
details td:nth-child(2) { min-width: 5.5rem; }
details td:nth-child(3) { min-width: 10rem; }
tr.hit td { font-weight: 600; background: var(--ground); }
tr.hit td:nth-child(2) { color: var(--good); }
tr.not-asked td { color: var(--soft); }
@media (max-width: 40rem) {
  .wide { display: none; }
  svg.narrow { display: block; width: 100%; }
  .caption.narrow { display: block; }
  dl { grid-template-columns: minmax(0, 6.5rem) minmax(0, 1fr); gap: .25rem .75rem; }
  dd dl, .items > li { grid-template-columns: minmax(0, 1fr); }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .cards strong { font-size: 1rem; }
  dd { padding-bottom: .35rem; }
}
"""
