// Gradio 6's loading screen starts a clock that ticks with every frame and is never stopped: an idle page then
// draws 60 frames a second, about a tenth of a core beside the training. Nothing on this page shows such a clock,
// so its ticks are dropped. It is told by its text, "(performance.now() - start) / 1e3"; every other animation
// goes through.
{
  const animate = window.requestAnimationFrame.bind(window);
  const isGradioClock = (callback) => /performance\.now\(\)-.{1,20}\/1e3/.test(callback.toString());
  window.requestAnimationFrame = (callback) => (isGradioClock(callback) ? 0 : animate(callback));
}
