// What must happen before Gradio's own scripts run.

// One language for the whole page: the one chosen in its header, else the first of the browser's that it speaks, else
// English. Gradio would go by navigator.language alone, and has thirty languages for words of its own.
{
  const data = window.ganStudioData;
  const wanted = [localStorage.getItem("gan-studio-language") ?? "", ...(navigator.languages ?? [navigator.language])];
  data.language = wanted.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => data.texts[tag]) ?? "en";
  Object.defineProperty(navigator, "language", { value: { zh: "zh-CN" }[data.language] ?? data.language });
}

// Gradio 6's loading screen starts a clock that ticks with every frame and is never stopped: an idle page then
// draws 60 frames a second, about a tenth of a core beside the training. Nothing on this page shows such a clock,
// so its ticks are dropped. It is told by its text, "(performance.now() - start) / 1e3"; every other animation
// goes through.
{
  const animate = window.requestAnimationFrame.bind(window);
  const isGradioClock = (callback) => /performance\.now\(\)-.{1,20}\/1e3/.test(callback.toString());
  window.requestAnimationFrame = (callback) => (isGradioClock(callback) ? 0 : animate(callback));
}
