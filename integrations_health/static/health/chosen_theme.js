// Takes the theme that this browser chose, on a page that is the same bytes for everybody. It runs
// before anything is drawn.
const chosen = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie);
if (chosen) document.documentElement.dataset.theme = chosen[1];
