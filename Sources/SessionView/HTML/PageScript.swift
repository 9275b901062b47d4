/// The page's script: plays both recordings together, moves the playhead, shows a block's values.
///
/// It writes text nodes only, never markup.
enum PageScript {
  static let text = #"""
    "use strict";
    (function () {
      const data = JSON.parse(document.getElementById("data").textContent);
      const picture = document.getElementById("picture");
      const details = document.getElementById("details");
      const find = (id) => document.getElementById(id);
      const line = (name, width) => {
        const made = document.createElementNS("http://www.w3.org/2000/svg", "line");
        made.setAttribute("style", `stroke:var(--${name});stroke-width:${width};pointer-events:none`);
        made.setAttribute("visibility", "hidden");
        picture.appendChild(made);
        return made;
      };
      const pointer = line("muted", 0.8);
      const playhead = line("ink", 1.6);

      const clock = (time) => {
        if (time < 60) return time.toFixed(1) + " s";
        const tenths = Math.round(time * 10);
        const two = (value) => (value < 10 ? "0" : "") + value;
        const seconds = (tenths % 600) / 10;
        const rest = (seconds < 10 ? "0" : "") + seconds.toFixed(1);
        const minutes = Math.floor(tenths / 600);
        return minutes < 60 ? minutes + ":" + rest
          : Math.floor(minutes / 60) + ":" + two(minutes % 60) + ":" + rest;
      };

      const put = (mark, time) => {
        const last = data.rows.length - 1;
        const row = data.rows.find((row, index) => time >= row.start &&
          (time < row.end || (index === last && time <= row.end)));
        mark.setAttribute("visibility", row ? "visible" : "hidden");
        if (!row) return;
        const x = data.left + (time - row.start) / (row.end - row.start) * (data.right - data.left);
        for (const [name, value] of [["x1", x], ["x2", x], ["y1", row.top], ["y2", row.bottom]]) {
          mark.setAttribute(name, value.toFixed(2));
        }
      };

      // The time under the pointer, or nothing outside the rows.
      const timeAt = (event) => {
        const matrix = picture.getScreenCTM();
        if (!matrix) return undefined;
        const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
        const row = data.rows.find((row) => place.y >= row.top && place.y <= row.bottom);
        if (!row || place.x < data.left || place.x > data.right) return undefined;
        const time = row.start +
          (place.x - data.left) / (data.right - data.left) * (row.end - row.start);
        return time <= data.end ? time : undefined;
      };

      const places = new Map(data.block.map((block, index) => [block, index]));
      const element = (name, text, kind) => {
        const made = document.createElement(name);
        if (text !== undefined) made.textContent = text;
        if (kind) made.className = kind;
        return made;
      };
      const milliseconds = (value) => (value / 1000).toFixed(2) + " ms";

      const show = (time) => {
        const block = Math.floor(time / data.blockSeconds + 1e-9);
        const index = places.get(block);
        details.replaceChildren();
        details.append(element("b", `block ${block}, ${clock(block * data.blockSeconds)}`));
        data.eventTime.forEach((at, event) => {
          if (Math.round(at / data.blockSeconds) === block) {
            details.append(element("div", data.eventText[event], "event"));
          }
        });
        if (index === undefined) {
          details.append(element("div", "no record of this block"));
          return;
        }
        const table = element("table");
        const add = (name, value, kind) => {
          const row = element("tr", undefined, kind);
          row.append(element("td", name), element("td", value));
          table.append(row);
        };
        const speaks = data.turns.some((turn) => block >= turn[0] && block < turn[1]);
        add("state", speaks ? "speaking" : "listening");
        const kind = data.kind[index];
        const text = data.text[index];
        const token = data.token[index];
        const first = data.firstText[index];
        const said = text ? ` “${text}”` : "";
        add("token", kind === "text" ? `${token}${said}` : `<${kind}>`);
        if (first >= 0) add("first text token", `${first}${said}`);
        else if (kind !== "text" && text) add("rest of the text", said);
        ["think", "shift", "speak"].forEach((name, at) => {
          add("probability of " + name, (data.probability[index][at] / 1000).toFixed(3));
        });
        const latency = data.latency[index];
        if (latency.length > 0) {
          data.stages.forEach((name, at) => add(name, milliseconds(latency[at])));
          const total = latency[data.stages.length];
          const work = latency.slice(0, -1).reduce((sum, value) => sum + value, 0);
          add("waiting", milliseconds(Math.max(0, total - work)));
          const late = total > data.blockSeconds * 1e6;
          add(late ? "in all: too late" : "in all", milliseconds(total), late ? "miss" : "");
        } else {
          add("latency", "not recorded");
        }
        details.append(table);
      };

      picture.addEventListener("pointermove", (event) => {
        const time = timeAt(event);
        details.hidden = time === undefined;
        if (time === undefined) {
          pointer.setAttribute("visibility", "hidden");
          return;
        }
        put(pointer, time);
        show(time);
        const box = details.getBoundingClientRect();
        const right = event.clientX + 16 + box.width > innerWidth;
        details.style.left = Math.max(4, right ? event.clientX - 16 - box.width : event.clientX + 16) + "px";
        details.style.top = Math.max(4, Math.min(event.clientY + 16, innerHeight - box.height - 4)) + "px";
      });
      picture.addEventListener("pointerleave", () => {
        details.hidden = true;
        pointer.setAttribute("visibility", "hidden");
      });

      const play = find("play");
      if (!play) return;
      const sounds = [find("environment"), find("assistant")];
      let isPlaying = false;
      let now = data.start;

      const tell = (time) => {
        now = Math.min(Math.max(time, data.start), data.end);
        find("clock").textContent = clock(now);
        put(playhead, now);
      };
      const isThere = (sound) => !sound.error && sound.readyState > 0;
      const seek = (time) => {
        tell(time);
        for (const sound of sounds) {
          if (isThere(sound)) sound.currentTime = Math.min(now, sound.duration || now);
        }
      };
      const pause = () => {
        isPlaying = false;
        play.textContent = "Play";
        sounds.forEach((sound) => sound.pause());
      };
      const complain = () => {
        const missing = sounds.filter((sound) => sound.error).map((sound) => sound.id + ".wav");
        find("problem").textContent = missing.length > 0 ? "cannot play " + missing.join(", ") : "";
      };
      sounds.forEach((sound) => {
        sound.addEventListener("error", complain);
        sound.addEventListener("loadedmetadata", () => { if (!isPlaying) seek(now); });
      });
      complain();

      // The longer recording leads; the other one follows when it is off by more than a frame.
      const frame = () => {
        if (!isPlaying) return;
        const going = sounds.filter((sound) => isThere(sound) && !sound.ended);
        if (going.length === 0) {
          if (sounds.every((sound) => sound.error || sound.ended)) { pause(); return; }
          requestAnimationFrame(frame);
          return;
        }
        const lead = going.reduce((best, sound) => sound.duration > best.duration ? sound : best);
        for (const sound of going) {
          if (sound !== lead && Math.abs(sound.currentTime - lead.currentTime) > 0.05) {
            sound.currentTime = lead.currentTime;
          }
        }
        tell(lead.currentTime);
        if (lead.currentTime >= data.end) { pause(); return; }
        requestAnimationFrame(frame);
      };
      const start = () => {
        if (now >= data.end - 0.05) now = data.start;
        seek(now);
        isPlaying = true;
        play.textContent = "Pause";
        if (mixer) mixer.resume();
        for (const sound of sounds) {
          if (isThere(sound) && now < sound.duration) sound.play().catch(() => complain());
        }
        requestAnimationFrame(frame);
      };
      const toggle = () => isPlaying ? pause() : start();
      play.addEventListener("click", toggle);
      sounds.forEach((sound) => {
        find(sound.id + "-level").addEventListener("input", (event) => {
          sound.volume = Number(event.target.value);
        });
      });
      picture.addEventListener("click", (event) => {
        const time = timeAt(event);
        if (time !== undefined) seek(time);
      });
      document.addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.target.closest("input, button") && event.key !== "Escape") return;
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (event.key === " ") toggle();
        else if (step) seek((Math.round(now / data.blockSeconds) + step) * data.blockSeconds);
        else return;
        event.preventDefault();
      });

      // Two sides: only where the browser lets a page touch the samples.
      let mixer;
      let panners = [];
      const sides = find("sides");
      const mayMix = location.protocol.startsWith("http") ||
        sounds.every((sound) => sound.src.startsWith("data:"));
      sides.disabled = !mayMix;
      if (!mayMix) {
        find("sides-label").title =
          "A page on disk may mix only embedded sound; embed it, or open the page from a server.";
        find("sides-label").style.color = "var(--muted)";
      }
      sides.addEventListener("change", () => {
        if (!mixer) {
          mixer = new AudioContext();
          panners = sounds.map((sound) => {
            const panner = new StereoPannerNode(mixer);
            mixer.createMediaElementSource(sound).connect(panner).connect(mixer.destination);
            return panner;
          });
        }
        mixer.resume();
        panners.forEach((panner, index) => {
          panner.pan.value = sides.checked ? (index === 0 ? -1 : 1) : 0;
        });
      });
      seek(now);
    })();
    """#
}
