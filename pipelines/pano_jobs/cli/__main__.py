"""`python -m pano_jobs.cli`, which `torchrun` can start several times."""

from pano_jobs.cli.main import main

if __name__ == "__main__":
    main()
