"use strict";
/* The page of `pano view`. Angles are degrees, yaw to the right, pitch up; directions are
   unit vectors (x to the right, y up, z to the front), as everywhere in pano. */

const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const video = $("video");
const RAD = Math.PI / 180;
const LENSES = { rectilinear: 0, stereographic: 1, pannini: 2 };
const TRAIL_S = 4; // of the view's way before and after this moment
const KEY_STEP_S = 1;
const KEY_TURN_DEG = 5;
const NEVER_RADIUS_DEG = 25;
const QUIETEST_DB = -80;
const PIN_AFTER_CUT_S = 0.8; // far enough behind a cut that it is no reason to turn before
const SAME_TIME_S = 0.001;
const FILM_VH = 60; // of the window's height at most, so that the timeline is in sight
const WIDEST_DEG = { rectilinear: 140, stereographic: 340, pannini: 300 };
const USUAL_WIDE_DEG = 100;
let data = {};
let look = null; // a pose of the person's own, while the path is left
// What the person asks for. Of wishes, pins have a time, regions to avoid a radius,
// cuts a moment, and what shall be one shot its ends.
let wanted = {
  wishes: [], motion: "normal", cuts: true,
  lens: facts.lens, hfov: facts.hfov, size: facts.size,
};
const first = JSON.stringify(wanted);
let undone = []; // what was asked for before, and its path, the last one at the end
let before = null; // the path before the last change, as `data`
let shown = 0; // moment of the picture that is shown

/* ---- Unpacking ---- */

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function unpacked(base64, index) {
  const stream = new Blob([bytesOf(base64)]).stream();
  const whole = await new Response(
    stream.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  const kinds = { Uint8Array, Float32Array, Float64Array };
  const found = {};
  for (const [name, { kind, shape, at }] of Object.entries(index)) {
    found[name] = new kinds[kind](whole, at, shape.reduce((a, b) => a * b, 1));
    found[name].shape = shape;
  }
  return found;
}

/* ---- The path ---- */

/** Return the last index whose time is not after a moment; -1 before the first. */
function lastBefore(times, moment) {
  let low = -1;
  let high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle] <= moment) low = middle; else high = middle;
  }
  return low;
}

/** Return the pose at a moment: linear between frames, held at ends and cuts. */
function poseAt(moment) {
  const last = data.time_s.length - 1;
  const left = Math.max(lastBefore(data.time_s, moment + SAME_TIME_S), 0);
  const right = Math.min(left + 1, last);
  let share = 0;
  if (right > left && !data.cut[right] && moment > data.time_s[left]) {
    share = (moment - data.time_s[left]) / (data.time_s[right] - data.time_s[left]);
  }
  const mixed = (name) => data[name][left] + share * (data[name][right] - data[name][left]);
  return {
    yaw: mixed("yaw_deg"), pitch: mixed("pitch_deg"), roll: mixed("roll_deg"),
    hfov: mixed("hfov_deg"), trust: mixed("trust"),
  };
}

/** Return the camera's axes right, up and forward. */
function axesOf({ yaw, pitch, roll }) {
  const [cy, sy] = [Math.cos(yaw * RAD), Math.sin(yaw * RAD)];
  const [cp, sp] = [Math.cos(pitch * RAD), Math.sin(pitch * RAD)];
  const [cr, sr] = [Math.cos(roll * RAD), Math.sin(roll * RAD)];
  const level = [cy, 0, -sy];
  const upright = [-sy * sp, cp, -cy * sp];
  const forward = [sy * cp, sp, cy * cp];
  const right = level.map((v, i) => cr * v - sr * upright[i]);
  const up = level.map((v, i) => sr * v + cr * upright[i]);
  return [right, up, forward];
}

function halfSides(hfov, aspect) {
  const half = data.lens === "rectilinear"
    ? Math.tan(hfov * RAD / 2) : 2 * Math.tan(hfov * RAD / 4);
  return [half, half / aspect];
}

/** Return z of the ray through a point of the picture plane. */
function depth(x, y) {
  if (data.lens === "stereographic") return 1 - (x * x + y * y) / 4;
  return data.lens === "pannini" ? 1 - x * x / 4 : 1;
}

/* ---- The film, in WebGL ---- */

const VERTEX = `#version 300 es
in vec2 corner; out vec2 at;
void main() { at = corner; gl_Position = vec4(corner, 0.0, 1.0); }`;

/* Catmull and Rom's cubic filter over 16 pixels, which keeps what is sharp; x goes round. */
const FRAGMENT = `#version 300 es
precision highp float; precision highp int;
uniform sampler2D sphere; uniform mat3 axes; uniform vec2 halfSides; uniform int lens;
in vec2 at; out vec4 colour;
const float TAU = 6.283185307179586;
vec4 weights(float t) {
  float t2 = t * t, t3 = t2 * t;
  return 0.5 * vec4(-t3 + 2.0 * t2 - t, 3.0 * t3 - 5.0 * t2 + 2.0,
                    -3.0 * t3 + 4.0 * t2 + t, t3 - t2);
}
void main() {
  vec2 p = at * halfSides;
  float q = lens == 0 ? 0.0 : lens == 1 ? dot(p, p) : p.x * p.x;
  vec3 ray = normalize(axes * vec3(p, 1.0 - q / 4.0));
  float yaw = atan(ray.x, ray.z), pitch = asin(clamp(ray.y, -1.0, 1.0));
  ivec2 size = textureSize(sphere, 0);
  vec2 place = vec2(yaw / TAU + 0.5, 0.5 - 2.0 * pitch / TAU) * vec2(size) - 0.5;
  vec2 whole = floor(place);
  vec4 wx = weights(place.x - whole.x), wy = weights(place.y - whole.y);
  vec3 sum = vec3(0.0);
  for (int j = 0; j < 4; j++) {
    int y = clamp(int(whole.y) + j - 1, 0, size.y - 1);
    for (int i = 0; i < 4; i++) {
      int x = (int(whole.x) + i - 1 + size.x) % size.x;
      sum += wx[i] * wy[j] * texelFetch(sphere, ivec2(x, y), 0).rgb;
    }
  }
  colour = vec4(clamp(sum, 0.0, 1.0), 1.0);
}`;

class Film {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { antialias: false, alpha: false });
    if (!this.gl) return;
    const gl = this.gl;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      this.gl = null;
      return;
    }
    gl.useProgram(program);
    this.places = Object.fromEntries(["axes", "halfSides", "lens"].map(
      (name) => [name, gl.getUniformLocation(program, name)]));
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
  }

  /** Take the video's picture of this moment. */
  take() {
    const gl = this.gl;
    if (gl) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, video);
  }

  draw(pose) {
    const gl = this.gl;
    if (!gl) return;
    const { width, height } = this.canvas;
    gl.viewport(0, 0, width, height);
    gl.uniformMatrix3fv(this.places.axes, false, axesOf(pose).flat());
    gl.uniform2fv(this.places.halfSides, halfSides(pose.hfov, width / height));
    gl.uniform1i(this.places.lens, LENSES[data.lens]);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

/* ---- The sphere ---- */

class Sphere {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.heat = document.createElement("canvas");
  }

  draw(moment, pose) {
    const { pen, canvas } = this;
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    if (data.heat && $("shows-heat").checked) this.drawHeat(moment);
    if (before) this.drawTrail(before, moment, "#999");
    this.drawTrail(data, moment, "#ffd400");
    this.drawWishes();
    this.drawOutline(pose);
  }

  drawWishes() {
    for (const { yaw, pitch, radius } of wanted.wishes) {
      if (yaw === undefined) continue;
      const points = [];
      const [right, up, forward] = axesOf({ yaw, pitch, roll: 0 });
      const [c, s] = [Math.cos((radius || 2) * RAD), Math.sin((radius || 2) * RAD)];
      for (let k = 0; k <= 72; k++) {
        const [x, y] = [s * Math.cos(5 * k * RAD), s * Math.sin(5 * k * RAD)];
        const ray = [0, 1, 2].map((i) => x * right[i] + y * up[i] + c * forward[i]);
        points.push(this.place(Math.atan2(ray[0], ray[2]) / RAD, Math.asin(ray[1]) / RAD));
      }
      this.line(points, "#000", 6);
      this.line(points, radius ? "#ff5050" : "#50ff90", 3);
    }
  }

  drawHeat(moment) {
    const [n, height, width] = data.heat.shape;
    const which = Math.min(Math.max(lastBefore(data.heat_time_s, moment), 0), n - 1);
    if (this.shown !== which) {
      this.shown = which;
      [this.heat.width, this.heat.height] = [width, height];
      const pen = this.heat.getContext("2d");
      const image = pen.createImageData(width, height);
      for (let i = 0; i < width * height; i++) {
        const level = data.heat[which * width * height + i];
        image.data.set(data.palette.subarray(4 * level, 4 * level + 4), 4 * i);
      }
      pen.putImageData(image, 0, 0);
    }
    this.pen.imageSmoothingQuality = "high";
    this.pen.drawImage(this.heat, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** Return where a direction lies in the picture. */
  place(yaw, pitch) {
    const turn = yaw / 360 + 0.5;
    return [(turn - Math.floor(turn)) * this.canvas.width,
            (0.5 - pitch / 180) * this.canvas.height];
  }

  line(points, colour, width) {
    const { pen, canvas } = this;
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    points.forEach(([x, y], k) => {
      // Across the seam the line goes on at the other side.
      const jumps = k && Math.abs(x - points[k - 1][0]) > canvas.width / 2;
      if (k === 0 || jumps) pen.moveTo(x, y); else pen.lineTo(x, y);
    });
    pen.stroke();
  }

  drawTrail(path, moment, colour) {
    const first = Math.max(lastBefore(path.time_s, moment - TRAIL_S), 0);
    const last = lastBefore(path.time_s, moment + TRAIL_S);
    let part = [];
    for (let k = first; k <= last; k++) {
      if (path.cut[k] && part.length) {
        this.way(part, colour);
        part = [];
      }
      part.push(this.place(path.yaw_deg[k], path.pitch_deg[k]));
    }
    if (part.length) this.way(part, colour);
  }

  way(points, colour) {
    this.line(points, "#000", 7);
    this.line(points, colour, 4);
  }

  drawOutline(pose) {
    const [halfX, halfY] = halfSides(pose.hfov, data.size[0] / data.size[1]);
    const [right, up, forward] = axesOf(pose);
    const points = [];
    for (let k = 0; k <= 256; k++) {
      const [side, t] = [Math.floor(k / 64) % 4, (k % 64) / 32 - 1];
      const [x, y] = [[t, 1], [1, -t], [-t, -1], [-1, t]][side];
      const [px, py] = [x * halfX, y * halfY];
      const pz = depth(px, py);
      const ray = [0, 1, 2].map((i) => px * right[i] + py * up[i] + pz * forward[i]);
      const length = Math.hypot(...ray);
      points.push(this.place(Math.atan2(ray[0], ray[2]) / RAD,
                             Math.asin(ray[1] / length) / RAD));
    }
    this.line(points, "#000", 5);
    this.line(points, "#fff", 2.5);
  }
}

/* ---- The timeline ---- */

const ROWS = [
  { name: "cuts", weight: 0.35, values: "cut", marks: true },
  { name: "loudness, dB", weight: 0.8, times: "level_time_s", values: "level_db",
    colour: "--level", range: [QUIETEST_DB, 0], fills: true },
  { name: "trust in the view", weight: 0.8, times: "time_s", values: "trust",
    colour: "--trust", range: [0, 1], fills: true },
  { name: "yaw °", weight: 1.6, times: "time_s", values: "yaw_deg", colour: "--view",
    range: [-180, 180], goesRound: true },
  { name: "pitch °", weight: 1, times: "time_s", values: "pitch_deg", colour: "--view",
    range: [-90, 90] },
  { name: "field of view °", weight: 0.8, times: "time_s", values: "hfov_deg",
    colour: "--view", range: null },
];
const LEFT = 110; // pixels for the rows' names

class Timeline {
  constructor(canvas) {
    this.canvas = canvas;
    this.still = document.createElement("canvas");
    this.dragged = null; // where a cut is held that somebody moves
  }

  get duration() {
    return Math.max(video.duration || 0, data.time_s[data.time_s.length - 1]) || 1;
  }

  x(moment) {
    return LEFT + (this.canvas.clientWidth - LEFT - 8) * moment / this.duration;
  }

  momentAt(x) {
    const share = (x - LEFT) / (this.canvas.clientWidth - LEFT - 8);
    return Math.min(Math.max(share, 0), 1) * this.duration;
  }

  /** Draw all but the moment; again when the window or its colours change. */
  prepare() {
    const scale = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    for (const one of [this.canvas, this.still]) {
      [one.width, one.height] = [Math.round(width * scale), Math.round(height * scale)];
    }
    const pen = this.still.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const style = getComputedStyle(document.documentElement);
    this.colour = (name) => style.getPropertyValue(name).trim();
    const rows = ROWS.filter(({ values }) => data[values]);
    const total = rows.reduce((sum, { weight }) => sum + weight, 0);
    const room = height - 8 * rows.length;
    let top = 0;
    this.rows = {};
    for (const row of rows) {
      const share = room * row.weight / total;
      this.drawRow(pen, row, top, share);
      this.rows[row.values] = [top, share];
      top += share + 8;
    }
    pen.strokeStyle = this.colour("--ink");
    pen.setLineDash([4, 3]);
    for (const moment of cutsOf(data)) this.vertical(pen, this.x(moment), height);
    pen.setLineDash([]);
    this.drawCalls(pen);
  }

  vertical(pen, x, height) {
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    pen.stroke();
  }

  drawRow(pen, row, top, height) {
    const values = data[row.values];
    const times = data[row.times];
    pen.fillStyle = this.colour("--ink");
    pen.fillText(row.name, 2, top + height / 2, LEFT - 8);
    pen.strokeStyle = this.colour("--faint");
    pen.lineWidth = 1;
    pen.strokeRect(LEFT, top, this.canvas.clientWidth - LEFT - 8, height);
    if (row.marks) {
      if (before) this.drawMarks(pen, cutsOf(before), top, height, "--level");
      this.drawMarks(pen, cutsOf(data), top, height, "--ink");
      return;
    }
    const old = before && row.times === "time_s" && !row.fills ? before[row.values] : [];
    let [low, high] = row.range || [Infinity, -Infinity];
    if (!row.range) {
      for (const value of [...values, ...old]) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      const spare = Math.max(5, (high - low) / 4);
      [low, high] = [low - spare, high + spare];
    }
    const y = (value) =>
      top + height * (1 - (Math.min(Math.max(value, low), high) - low) / (high - low));
    const wrapped = (value) =>
      row.goesRound ? value - 360 * Math.floor((value + 180) / 360) : value;
    // A point for each pixel is all that anybody sees.
    const step = Math.max(1, Math.floor(values.length / (2 * this.canvas.clientWidth)));
    const trace = (moments, angles) => {
      pen.beginPath();
      let last = null;
      for (let k = 0; k < angles.length; k += step) {
        const value = wrapped(angles[k]);
        const jumps = last !== null && row.goesRound && Math.abs(value - last) > 180;
        if (last === null || jumps) pen.moveTo(this.x(moments[k]), y(value));
        else pen.lineTo(this.x(moments[k]), y(value));
        last = value;
      }
    };
    pen.lineWidth = 1.5;
    if (old.length) {
      pen.strokeStyle = this.colour("--level");
      trace(before.time_s, old);
      pen.stroke();
    }
    pen.strokeStyle = pen.fillStyle = this.colour(row.colour);
    trace(times, values);
    if (row.fills) {
      pen.lineTo(this.x(times[values.length - 1]), y(low));
      pen.lineTo(this.x(times[0]), y(low));
      pen.globalAlpha = 0.55;
      pen.fill();
      pen.globalAlpha = 1;
    } else {
      pen.stroke();
    }
  }

  /** Draw a handle for each moment, as long as the row is high. */
  drawMarks(pen, moments, top, height, colour) {
    pen.fillStyle = this.colour(colour);
    for (const moment of moments) pen.fillRect(this.x(moment) - 4, top + 1, 8, height - 2);
  }

  /** Return the cut whose handle lies at a place, if there is one. */
  cutAt(x, y) {
    const [top, height] = this.rows.cut;
    const near = nearest(cutsOf(data), this.momentAt(x));
    const hits = y < top + height + 4 && near !== null && Math.abs(this.x(near) - x) < 9;
    return hits ? near : null;
  }

  drawCalls(pen) {
    if (!data.call_s) return;
    const [top] = this.rows.yaw_deg;
    pen.strokeStyle = this.colour("--call");
    pen.lineWidth = 2;
    for (const moment of data.call_s) {
      const x = this.x(moment);
      pen.beginPath();
      pen.moveTo(x, top + 2);
      pen.lineTo(x + 5, top + 7);
      pen.lineTo(x, top + 12);
      pen.lineTo(x - 5, top + 7);
      pen.closePath();
      pen.stroke();
    }
  }

  draw(moment) {
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.still, 0, 0);
    const scale = window.devicePixelRatio || 1;
    pen.scale(scale, scale);
    const [top, height] = this.rows.yaw_deg;
    pen.fillStyle = this.colour("--ink");
    for (const { time, yaw } of wanted.wishes) {
      if (time === undefined) continue;
      pen.beginPath();
      pen.arc(this.x(time), top + height * (0.5 - yaw / 360), 5, 0, 7);
      pen.fill();
    }
    pen.strokeStyle = this.colour("--call");
    pen.lineWidth = 2;
    this.vertical(pen, this.x(moment), this.canvas.clientHeight);
    if (this.dragged !== null) {
      this.drawMarks(pen, [this.dragged], ...this.rows.cut, "--call");
    }
    this.canvas.setAttribute("aria-valuemax", this.duration.toFixed(1));
    this.canvas.setAttribute("aria-valuenow", moment.toFixed(1));
    this.canvas.setAttribute("aria-valuetext", clockText(moment));
  }
}

/* ---- The page ---- */

const film = new Film($("film"));
const sphere = new Sphere($("sphere"));
const timeline = new Timeline($("timeline"));

function clockText(moment) {
  const minutes = Math.floor(moment / 60);
  return `${minutes}:${(moment - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

function draw() {
  const moment = shown;
  const pose = look || poseAt(moment);
  film.draw(pose);
  sphere.draw(moment, pose);
  timeline.draw(moment);
  const round = (angle) => Math.round(angle);
  const yaw = pose.yaw - 360 * Math.floor((pose.yaw + 180) / 360);
  $("pose").textContent =
    `yaw ${round(yaw)}°, pitch ${round(pose.pitch)}°, field of view ${round(pose.hfov)}°`;
  $("clock").textContent = `${clockText(moment)} of ${clockText(timeline.duration)}`;
  const cut = nearest(cutsOf(data), moment);
  const its = cut === null ? "cut" : `cut ${clockText(cut)}`;
  $("move-cut").textContent = `Move ${its} here`;
  $("remove-cut").textContent = `Remove ${its}`;
  $("move-cut").disabled = $("remove-cut").disabled = cut === null;
}

function seek(moment) {
  video.currentTime = Math.min(Math.max(moment, 0), timeline.duration);
}

function leavePath(change) {
  look = { ...(look || poseAt(shown)) };
  change(look);
  look.pitch = Math.min(Math.max(look.pitch, -90), 90);
  $("follow").disabled = false;
  draw();
}

function followPath() {
  look = null;
  $("follow").disabled = true;
  draw();
}

/* ---- Wishes: what the person would rather see ---- */

/** Write a text as one word of a shell. */
function quoted(word) {
  return /^[\w./:=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function rounded(value) {
  return String(Math.round(value * 100) / 100 + 0);
}

function thousandths(moment) {
  return String(Math.floor(moment * 1000 + 1e-6) / 1000);
}

function commandText() {
  const words = ["pano", "pan", facts.name];
  if (facts.maps) words.push("--maps", facts.maps);
  if (wanted.motion !== "normal") words.push("--motion", wanted.motion);
  if (!wanted.cuts) words.push("--no-cuts");
  for (const { time, yaw, pitch, radius, cut, from, to } of wanted.wishes) {
    const place = `yaw=${yaw},pitch=${pitch}`;
    if (cut !== undefined) words.push("--cut-at", String(cut));
    else if (to) words.push("--one-shot", `from=${from},to=${to}`);
    else if (radius) words.push("--never", `${place},radius=${radius}`);
    else words.push("--pin", `t=${time},${place}`);
  }
  words.push("--director", facts.director || "follow", "--lens", wanted.lens,
             "--hfov", rounded(wanted.hfov),
             "--size", wanted.size.join("x"), "--save-path", "path.json", "-o", "film.mp4");
  return words.map(quoted).join(" ");
}

/** Return the view that is shown as a wish may name it. */
function placeHere() {
  const { yaw, pitch } = look || poseAt(shown);
  return {
    yaw: Number(rounded(yaw - 360 * Math.floor((yaw + 180) / 360))),
    pitch: Number(rounded(pitch)),
  };
}

/** Return the command that writes the page of the film that was made into a file. */
function sendingText() {
  const words = ["pano", "view", facts.name, "--path", facts.film.replace(/[.][^.]*$/, ".json")];
  if (facts.maps) words.push("--maps", facts.maps);
  return [...words, "--export", "page.html"].map(quoted).join(" ");
}

function wishAlso(...more) {
  wish({ wishes: [...wanted.wishes, ...more] });
}

/** Ask for something else, which can be undone, and have the path planned by it. */
function wish(change) {
  showBefore(false);
  undone.push({ wanted, data, before });
  wanted = { ...wanted, ...change };
  planAgain();
}

function undo() {
  const last = undone.pop();
  if (!last) return;
  showBefore(false);
  planAgain.number += 1; // what is being planned is not wanted any more
  ({ wanted, data, before } = last);
  $("film-state").textContent = "Undone.";
  showPlan();
}

/* ---- Cuts ---- */

/** Return the moments with which a path's shots begin, but the first. */
function cutsOf(path) {
  if (!cutsOf.found.has(path)) {
    cutsOf.found.set(path, Array.from(path.time_s).filter((_, k) => k && path.cut[k]));
  }
  return cutsOf.found.get(path);
}
cutsOf.found = new WeakMap(); // asked for with every picture

function nearest(moments, to) {
  return moments.reduce(
    (best, one) => (best === null || Math.abs(one - to) < Math.abs(best - to) ? one : best), null);
}

/** Cut at this moment: to the view that was looked up, or to one that the director finds. */
function cutHere() {
  const cut = Number(thousandths(shown));
  const pin = { time: Number(thousandths(cut + PIN_AFTER_CUT_S)), ...placeHere() };
  wishAlso({ cut }, ...(look ? [pin] : []));
}

/** Return the wishes without a cut: nobody asks for it any more, or there is one shot. */
function withoutCut(moment) {
  const others = wanted.wishes.filter(({ cut }) => !(Math.abs(cut - moment) < 2 * SAME_TIME_S));
  if (others.length < wanted.wishes.length) return others;
  const cuts = cutsOf(data);
  const earlier = cuts.filter((one) => one < moment).pop();
  const later = cuts.find((one) => one > moment);
  // The shots' own ends stay what they are.
  const from = earlier === undefined ? 0 : earlier + 2 * SAME_TIME_S;
  const to = later === undefined ? timeline.duration : later - 2 * SAME_TIME_S;
  return [...others, { from: Number(thousandths(from)), to: Number(thousandths(to)) }];
}

function moveCut(moment, to) {
  wish({ wishes: [...withoutCut(moment), { cut: Number(thousandths(to)) }] });
}

/* ---- Lens and shape ---- */

/** Ask for another shape: the shorter side and what it shows stay as they are. */
function askForShape(text) {
  const [across, down] = text.split(":").map(Number);
  const short = Math.min(...wanted.size);
  const long = 2 * Math.round(short * Math.max(across / down, down / across) / 2);
  const size = across >= down ? [long, short] : [short, long];
  const is = wanted.lens === "rectilinear" ? 2 : 4; // tan(hfov / 2), or 2 tan(hfov / 4)
  const half = Math.tan(wanted.hfov * RAD / is) * size[0] / wanted.size[0];
  wish({ size, hfov: Number(rounded(Math.atan(half) * is / RAD)) });
}

function askForLens(lens) {
  const hfov = wanted.hfov > WIDEST_DEG[lens] ? USUAL_WIDE_DEG : wanted.hfov;
  wish({ lens, hfov });
}

function askForHfov(text) {
  const { min, max } = $("hfov");
  const hfov = Math.min(Math.max(Number(text) || wanted.hfov, Number(min)), Number(max));
  wish({ hfov });
}

/** Show the picture's shape and the controls as they are asked for. */
function showLens() {
  $("motion").value = wanted.motion;
  $("cuts").checked = wanted.cuts;
  $("lens").value = wanted.lens;
  $("hfov").max = WIDEST_DEG[wanted.lens];
  $("hfov").value = rounded(wanted.hfov);
  const [across, down] = wanted.size;
  const shapes = Array.from($("aspect").options);
  const known = shapes.find(({ text }) => {
    const [x, y] = text.split(":").map(Number);
    return Math.abs(Math.log((across / down) / (x / y))) < 0.01;
  });
  if (!known) $("aspect").add(new Option(`${across}:${down}`));
  $("aspect").value = known ? known.text : `${across}:${down}`;
}

/** Size the film as its path wants it. */
function fitFilm() {
  const [width, height] = data.size;
  const shrink = Math.max(1, width / 1280, height / 1280);
  [$("film").width, $("film").height] = [width, height].map((side) => Math.round(side / shrink));
  $("film").style.width = `min(100%, ${(FILM_VH * width) / height}vh)`;
}

/** Show the path before the last change, or the one that is planned now. */
function showBefore(shows) {
  if (shows === ($("compare").getAttribute("aria-pressed") === "true")) return;
  $("compare").setAttribute("aria-pressed", String(shows));
  [data, before] = [before, data];
  showPlan();
}

/** Show what is asked for and the path that is planned. */
function showPlan() {
  look = null;
  $("follow").disabled = true;
  $("undo").disabled = undone.length === 0;
  $("compare").disabled = before === null;
  fitFilm();
  timeline.prepare();
  showLens();
  showWishes();
}

/* ---- The server, where there is one ---- */

async function ask(name, asked) {
  const response = await fetch(name, asked === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(asked),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

async function planAgain() {
  const mine = (planAgain.number += 1);
  $("undo").disabled = false;
  showLens();
  showWishes();
  if (!facts.film) return;
  $("film-state").textContent = "Planning …";
  const { lens, size } = wanted;
  try {
    const { arrays, packed, took_s: took } = await ask("solve", wanted);
    const planned = await unpacked(packed, arrays);
    if (mine !== planAgain.number) return; // something else is wished by now
    showBefore(false);
    before = data;
    data = { ...data, ...planned, lens, size };
    showPlan();
    $("film-state").textContent = `Planned again in ${took.toFixed(1)} s; grey is the path before.`;
  } catch (error) {
    $("film-state").textContent = `Not planned: ${error.message}`;
  }
}
planAgain.number = 0;

async function makeFilm() {
  $("make-film").disabled = true;
  $("filmed").hidden = false;
  try {
    let told = await ask("film", wanted);
    while (told.state === "running") {
      $("filmed").value = told.share;
      $("film-state").textContent = `${told.words} …`;
      await new Promise((resolve) => setTimeout(resolve, 300));
      told = await ask("film");
    }
    $("film-state").textContent = told.words;
  } catch (error) {
    $("film-state").textContent = `Not filmed: ${error.message}`;
  }
  $("filmed").hidden = true;
  $("make-film").disabled = false;
}

function showWishes() {
  $("wishes").hidden = JSON.stringify(wanted) === first;
  $("command").textContent = commandText();
  $("wish-list").replaceChildren(...wanted.wishes.map((one, k) => {
    const item = document.createElement("li");
    item.textContent = `${wishText(one)} `;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "remove";
    button.onclick = () => wish({ wishes: wanted.wishes.filter((_, i) => i !== k) });
    item.append(button);
    return item;
  }));
  draw();
}

function wishText({ time, yaw, pitch, radius, cut, from, to }) {
  if (cut !== undefined) return `cut at ${clockText(cut)}`;
  if (to) return `one shot from ${clockText(from)} to ${clockText(to)}`;
  const place = `yaw ${Math.round(yaw)}°, pitch ${Math.round(pitch)}°`;
  return radius ? `never within ${radius}° of ${place}` : `at ${clockText(time)} look to ${place}`;
}

function togglePlaying() {
  if (video.paused) video.play(); else video.pause();
}

/** Show the video's picture, which belongs to a moment. */
function show(moment) {
  shown = moment;
  film.take();
  draw();
}

/** Return the moment of the next picture that the video has ready. */
function nextPicture() {
  return new Promise((resolve) => {
    if ("requestVideoFrameCallback" in video) {
      video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime));
    } else {
      requestAnimationFrame(() => resolve(video.currentTime));
    }
  });
}

async function watchPictures() {
  for (;;) show(await nextPicture());
}

function listen() {
  $("play").onclick = togglePlaying;
  $("follow").onclick = followPath;
  $("again").hidden = !facts.film;
  if (facts.film) $("sending").textContent = sendingText();
  $("undo").onclick = undo;
  $("motion").onchange = () => wish({ motion: $("motion").value });
  $("cuts").onchange = () => wish({ cuts: $("cuts").checked });
  $("aspect").onchange = () => askForShape($("aspect").value);
  $("lens").onchange = () => askForLens($("lens").value);
  $("hfov").onchange = () => askForHfov($("hfov").value);
  $("compare").onclick = () => showBefore($("compare").getAttribute("aria-pressed") !== "true");
  $("make-film").onclick = makeFilm;
  $("pin").onclick = () => wishAlso({ time: Number(thousandths(shown)), ...placeHere() });
  $("never").onclick = () => wishAlso({ radius: NEVER_RADIUS_DEG, ...placeHere() });
  $("cut").onclick = cutHere;
  $("move-cut").onclick = () => moveCut(nearest(cutsOf(data), shown), shown);
  $("remove-cut").onclick = () => wish({ wishes: withoutCut(nearest(cutsOf(data), shown)) });
  $("copy").onclick = () => navigator.clipboard.writeText($("command").textContent);
  $("shows-heat").onchange = () => draw();
  $("volume").oninput = () => { video.volume = Number($("volume").value); };
  video.onplay = () => { $("play").textContent = "Pause"; };
  video.onpause = () => { $("play").textContent = "Play"; };
  const bar = $("timeline");
  let held = null; // the cut that is being moved
  const drag = (event) => {
    const moment = timeline.momentAt(event.offsetX);
    if (held === null) seek(moment);
    else timeline.dragged = moment;
    draw();
  };
  bar.onpointerdown = (event) => {
    bar.setPointerCapture(event.pointerId);
    held = timeline.cutAt(event.offsetX, event.offsetY);
    if (held === null) drag(event); else seek(held);
  };
  bar.onpointermove = (event) => { if (event.buttons) drag(event); };
  bar.onpointerup = () => {
    const [from, to] = [held, timeline.dragged];
    held = timeline.dragged = null;
    if (from !== null && to !== null) moveCut(from, to);
  };
  const whole = $("sphere");
  const aim = (event) => leavePath((pose) => {
    pose.yaw = (event.offsetX / whole.clientWidth - 0.5) * 360;
    pose.pitch = (0.5 - event.offsetY / whole.clientHeight) * 180;
  });
  whole.onpointerdown = (event) => { whole.setPointerCapture(event.pointerId); aim(event); };
  whole.onpointermove = (event) => { if (event.buttons) aim(event); };
  const canvas = $("film");
  canvas.onpointerdown = (event) => canvas.setPointerCapture(event.pointerId);
  canvas.onpointermove = (event) => {
    if (!event.buttons) return;
    leavePath((pose) => {
      const degrees = pose.hfov / canvas.clientWidth;
      pose.yaw -= event.movementX * degrees;
      pose.pitch += event.movementY * degrees;
    });
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const widest = WIDEST_DEG[data.lens];
    leavePath((pose) => {
      pose.hfov = Math.min(Math.max(pose.hfov * Math.exp(event.deltaY / 600), 20), widest);
    });
  }, { passive: false });
  window.onkeydown = (event) => {
    if (event.target.matches("select, input[type=number]")) return;
    if (event.target.matches("input, button") && event.key === " ") return;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
                     ArrowDown: [0, -1] }[event.key] || [0, 0];
    if (event.key === " ") togglePlaying();
    else if (event.key === "Escape") followPath();
    else if (event.key === "z" && (event.ctrlKey || event.metaKey)) undo();
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(timeline.duration);
    else if (event.target.matches("input")) return;
    else if (event.shiftKey && (x || y)) {
      leavePath((pose) => { pose.yaw += x * KEY_TURN_DEG; pose.pitch += y * KEY_TURN_DEG; });
    } else if (x) seek(video.currentTime + x * KEY_STEP_S);
    else return;
    event.preventDefault();
  };
  const again = () => {
    timeline.prepare();
    draw();
  };
  new ResizeObserver(again).observe(bar);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

function happens(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", () => reject(new Error("no video")), { once: true });
  });
}

async function open() {
  $("name").textContent = facts.name;
  data = await unpacked($("arrays").textContent, facts.arrays);
  [data.lens, data.size] = [facts.lens, facts.size];
  const blob = new Blob([bytesOf($("video-data").textContent)], { type: "video/mp4" });
  $("video-data").remove();
  const loaded = happens(video, "loadeddata");
  video.src = URL.createObjectURL(blob);
  await loaded;
  fitFilm();
  showLens();
  [$("sphere").width, $("sphere").height] = [video.videoWidth, video.videoHeight];
  const calls = data.call_s ? data.call_s.length : 0;
  $("legend").textContent = [
    facts.director && `Director: ${facts.director}.`, "Trust falls where it was unsure.",
    "Dashed: cuts; drag one by its mark.",
    calls && "Diamonds: another view was nearly as good.",
    "Space plays, arrows step, Shift and arrows look around, Escape returns.",
  ].filter(Boolean).join(" ");
  listen();
  timeline.prepare();
  show(0);
  watchPictures();
  $("state").textContent = film.gl ? "" : "This browser has no WebGL 2, so the film is not shown.";
}

/** For scripts around the page: the film's picture of a moment, as a data: address. */
async function picture(moment) {
  video.pause();
  look = null;
  if (video.currentTime !== moment) {
    const sought = nextPicture();
    video.currentTime = moment;
    shown = await sought;
  }
  film.take();
  draw();
  return $("film").toDataURL("image/png");
}

window.panoView = {
  ready: open().catch((error) => {
    $("state").textContent = `The page cannot be shown: ${error.message}.`;
    throw error;
  }),
  picture,
};
