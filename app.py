"""GAN Studio's page. ``python app.py`` is the same as ``gan-studio serve``; ``--help`` lists the options."""

import sys

from gan_studio.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
