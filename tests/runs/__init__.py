"""Tests of configs, targets, processes and preparing."""
