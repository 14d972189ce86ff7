"""`python -m pipelines.cli`, which `torchrun` can start several times."""

from pipelines.cli.main import main

if __name__ == "__main__":
    main()
