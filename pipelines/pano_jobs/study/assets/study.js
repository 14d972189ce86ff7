"use strict";
/* A study of `pano study`: pairs and sides in an order of each person's own. Nothing is
   sent; answers are saved by the person. What is answered survives a closed window. */

const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const SIDES = ["left", "right", "neither"];
const SAID = { left: "the left one", right: "the right one", neither: "no difference" };
const SECONDS_A_PAIR = 40;
let state = null;

/* ---- Order ---- */

/** Return a generator of numbers in [0, 1) that a text determines (mulberry32). */
function generator(text) {
  let seed = 2166136261;
  for (const letter of text) seed = Math.imul(seed ^ letter.codePointAt(0), 16777619);
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Return all pairs and checks in an order, and on sides, of this person's own. */
function trialsOf(participant) {
  const next = generator(`${facts.study}/${participant}`);
  const trials = [
    ...facts.pairs.map(([one, other]) => ({ films: [one, other], flipped: null })),
    ...facts.checks.map((film) => ({ films: [film, film], flipped: "right" })),
  ];
  for (let k = trials.length - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    [trials[k], trials[other]] = [trials[other], trials[k]];
  }
  return trials.map(({ films, flipped }) => {
    if (next() < 0.5) return { films, flipped };
    return { films: [...films].reverse(), flipped: flipped && "left" };
  });
}

/* ---- What is kept ---- */

function memory() {
  try {
    return window.localStorage;
  } catch {
    return null; // a page from a file may have none
  }
}

function begun() {
  const kept = memory()?.getItem(facts.study);
  if (kept) return JSON.parse(kept);
  const letters = crypto.getRandomValues(new Uint8Array(6));
  const participant = Array.from(letters, (n) => n.toString(16).padStart(2, "0")).join("");
  return { participant, answers: [] };
}

function answersAsJson() {
  return JSON.stringify({ schema: "pano.study-answers/1", study: facts.study, ...state }, null, 1);
}

function answersAsCsv() {
  const rows = [["study", "participant", "left", "right", "flipped", "question", "chosen"]];
  for (const { left, right, flipped, question, chosen } of state.answers) {
    rows.push([facts.study, state.participant, left, right, flipped || "", question, chosen]);
  }
  return rows.map((row) => row.join(",")).join("\n") + "\n";
}

function save(text, kind, suffix) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = `answers-${state.participant}.${suffix}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/* ---- A pair ---- */

const videos = [$("left"), $("right")];
let ended = new Set();

function playBoth() {
  for (const video of videos) {
    video.currentTime = 0;
    video.play().catch(() => {}); // the button plays where the browser wants a click
  }
}

function maySayNext() {
  const form = new FormData($("questions"));
  const isAnswered = Object.keys(facts.questions).every((name) => form.get(name));
  $("next").disabled = !(isAnswered && ended.size === 2);
}

function ask() {
  const form = $("questions");
  form.replaceChildren();
  for (const [name, words] of Object.entries(facts.questions)) {
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = words;
    set.append(legend);
    for (const side of SIDES) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name, value: side });
      label.append(input, SAID[side]);
      set.append(label);
    }
    form.append(set);
  }
}

function showTrial() {
  const trials = trialsOf(state.participant);
  const done = state.answers.length / Object.keys(facts.questions).length;
  if (done >= trials.length) {
    $("trial").hidden = true;
    $("thanks").hidden = false;
    return;
  }
  $("welcome").hidden = true;
  $("trial").hidden = false;
  $("progress").textContent = `Pair ${done + 1} of ${trials.length}`;
  const trial = trials[done];
  ended = new Set();
  videos.forEach((video, k) => {
    video.src = facts.films[trial.films[k]];
    video.classList.toggle("flipped", trial.flipped === video.id);
  });
  ask();
  maySayNext();
  playBoth();
  $("next").onclick = () => {
    const form = new FormData($("questions"));
    const [left, right] = trial.films;
    for (const question of Object.keys(facts.questions)) {
      state.answers.push({ left, right, flipped: trial.flipped, question,
                           chosen: form.get(question) });
    }
    memory()?.setItem(facts.study, JSON.stringify(state));
    showTrial();
  };
}

const nPairs = facts.pairs.length + facts.checks.length;
$("length").textContent =
  `about ${Math.ceil(nPairs * SECONDS_A_PAIR / 60)} minutes for ${nPairs} pairs`;
for (const video of videos) {
  video.onended = () => { ended.add(video.id); maySayNext(); };
}
$("questions").onchange = maySayNext;
$("again").onclick = playBoth;
$("begin").onclick = () => { state = begun(); showTrial(); };
$("save-json").onclick = () => save(answersAsJson(), "application/json", "json");
$("save-csv").onclick = () => save(answersAsCsv(), "text/csv", "csv");
